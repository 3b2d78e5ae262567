import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Broker } from "../../src/broker/broker.ts";
import { InvalidEvent } from "../../src/broker/draft.ts";
import { Catalog } from "../../src/events/catalog.ts";
import type { EventInput } from "../../src/events/event-input.ts";
import { Recorder } from "./recorder.ts";

const events = { "order-created": Type.Object({ id: Type.Integer() }) };

/** What is thrown or rejected with. */
async function refusalOf(publish: () => unknown): Promise<InvalidEvent> {
  try {
    await publish();
  } catch (error) {
    if (error instanceof InvalidEvent) return error;
  }
  throw new Error("the event was not refused");
}

test("what is published is checked by the catalog, and typed by it", async () => {
  const broker = new Broker({ catalog: new Catalog(events) });
  const wrong = [
    // @ts-expect-error the catalog asks for a number
    () => broker.publish({ type: "order-created", data: { id: "7" } }),
    // @ts-expect-error
    () => broker.broadcast({ type: "order-created", data: { id: "7" } }),
    // @ts-expect-error
    () => broker.broadcastJSON("order-created", { id: "7" }),
  ];
  for (const publish of wrong) {
    const { violations } = await refusalOf(publish);
    expect(violations).toEqual([{ path: "/data/id", message: "Expected integer" }]);
  }
  const batch = await refusalOf(() =>
    broker.publishBatch([
      { type: "order-created", data: { id: 1 } },
      // @ts-expect-error
      { type: "order-created", data: {} },
      // @ts-expect-error the built-in types are known as well
      { type: "nav-badge-update", data: { path: 1, badge: "" } },
    ]),
  );
  expect(batch.violations).toEqual([
    { path: "/1/data/id", message: "missing" },
    { path: "/2/data/path", message: "Expected string" },
  ]);
  expect(batch.message).toBe(
    "the event can't be published: /1/data/id: missing; /2/data/path: Expected string",
  );
  const [receipt] = await broker.publishBatch([{ type: "order-created", data: { id: 1 } }]);
  expect(receipt?.position).toBe(1);
});

test("a type that the catalog does not know takes any data, unless the broker is strict", async () => {
  const broker = new Broker({ catalog: new Catalog(events) });
  expect((await broker.publish({ type: "of-mine", data: [null] })).position).toBe(1);
  const strict = new Broker({ catalog: new Catalog(events), strict: true });
  const { violations } = await refusalOf(() => strict.publish({ type: "of-mine", data: [null] }));
  expect(violations).toEqual([{ path: "/type", message: "Expected a type of the catalog" }]);
  expect((await strict.publish({ type: "order-created", data: { id: 1 } })).position).toBe(1);
});

test("an event with one topic goes to that topic alone", async () => {
  const broker = new Broker();
  const streams = ["users/7", "users/8"].map((topic) => {
    const stream = new Recorder();
    broker.addClient(stream, { interest: { topics: [topic], types: [] } });
    return stream;
  });
  // As a variable: what the compiler lets pass is not a broadcast to everyone.
  const event = { type: "n", data: 1, topic: "users/7" };
  broker.broadcast(event);
  await broker.publish(event);
  expect(streams.map(({ events }) => events.length)).toEqual([2, 0]);
});

test.each([
  ["a misspelt member", { topcis: ["users/7"] }, "/topcis"],
  ["a text for a list of topics", { topics: "users/7" }, "/topics"],
  ["a pattern for a topic", { topic: "users/*" }, "/topic"],
  ["a private event for nobody", { private: true }, "/topics"],
])("%s is refused, not passed over", async (_, more, path) => {
  const broker = new Broker();
  const event = { type: "n", data: 1, ...more } as EventInput;
  for (const publish of [() => broker.publish(event), () => broker.broadcast(event)]) {
    expect((await refusalOf(publish)).violations.map((violation) => violation.path)).toEqual([path]);
  }
  expect((await refusalOf(() => broker.publishBatch([event]))).violations[0]?.path).toBe(`/0${path}`);
  expect(broker.log.head).toBe(0);
});

test("data that is not JSON is refused where it stands", async () => {
  const broker = new Broker();
  const batch = [
    { type: "n", data: 1 },
    { type: "n", data: () => {} },
  ];
  expect((await refusalOf(() => broker.publishBatch(batch))).violations).toEqual([
    { path: "/1/data", message: "Expected a JSON value" },
  ]);
});
