import { expect, test } from "bun:test";
import { type AnyEvents, createPublisher } from "tidings/sdk";
import { startHub } from "../hub.ts";
import { failure } from "./failure.ts";
import { stored } from "./stored.ts";

const badge = (n: number) => ({ path: "/inbox", badge: String(n) });

test("publishes an event and answers with the id that the hub keeps it under", async () => {
  const { url } = startHub();
  const hub = createPublisher({ url });
  const { id, recipients } = await hub.publish("nav-badge-update", badge(1), { topics: ["nav"] });
  expect(recipients).toBe(0);
  expect(await stored(url)).toEqual([{ id, type: "nav-badge-update", data: badge(1) }]);
});

test("takes a hub below a path and an address that ends in a slash", async () => {
  const { url } = startHub();
  expect(createPublisher({ url: `${url}/` }).publish("nav-badge-update", badge(1))).resolves.toBeObject();
  const error = await failure(createPublisher({ url: `${url}/hub/` }).publish("nav-badge-update", badge(1)));
  expect(error).toMatchObject({
    status: 404,
    problem: { detail: "there is nothing at /hub/publish; did you mean /publish?" },
  });
});

test("an address that is none throws at once", () => {
  expect(() => createPublisher({ url: "nonsense" })).toThrow(TypeError);
});

test("the same id with the same content is a duplicate, with other content a conflict", async () => {
  const { url } = startHub();
  const hub = createPublisher({ url });
  const first = await hub.publish("nav-badge-update", badge(1), { id: "a" });
  expect(first).toEqual({ id: "a", recipients: 0 });
  const second = await hub.publish("nav-badge-update", badge(1), { id: "a" });
  expect(second).toEqual({ id: "a", recipients: 0, duplicate: true });
  expect(await failure(hub.publish("nav-badge-update", badge(2), { id: "a" }))).toMatchObject({
    status: 409,
  });
});

test("a refusal tells every failing path", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  const error = await failure(hub.publish("nav-badge-update", { path: 1 }));
  expect(error.status).toBe(422);
  expect(error.errors.map(({ path }) => path).sort()).toEqual(["/data/badge", "/data/path"]);
  expect(error.problem).toMatchObject({ status: 422, title: expect.any(String) });
  expect(error.message).toContain("/data/path Expected string");
  expect(await stored(url)).toEqual([]);
});

test("a batch is published as a whole or not at all", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  const { ids } = await hub.publishBatch([
    { type: "a", data: 1, id: "first" },
    { type: "b", data: 2 },
  ]);
  expect(ids).toEqual(["first", expect.any(String)]);
  const bad = hub.publishBatch([
    { type: "c", data: 3 },
    { type: "nav-badge-update", data: 4 },
  ]);
  expect((await failure(bad)).errors).toEqual([{ path: "/1/data", message: "Expected object" }]);
  expect((await stored(url)).map(({ type }) => type)).toEqual(["a", "b"]);
  expect(await hub.publishBatch([])).toEqual({ ids: [], recipients: 0 });
});

test("a stream is stored in its order and acknowledged with every id", async () => {
  const { url } = startHub();
  async function* numbers() {
    for (let n = 0; n < 5000; n++) yield { type: "n", data: n, id: `n${n}` };
  }
  const ids: string[] = [];
  for await (const ack of createPublisher<AnyEvents>({ url }).publishStream(numbers())) ids.push(...ack.ids);
  expect(ids).toEqual(Array.from({ length: 5000 }, (_, n) => `n${n}`));
  expect((await stored(url)).map(({ data }) => data)).toEqual(Array.from({ length: 5000 }, (_, n) => n));
});

test("a stream's event goes out while the source waits for the next", async () => {
  const { url } = startHub();
  const more = Promise.withResolvers<void>();
  async function* source() {
    yield { type: "n", data: 1, id: "one" };
    await more.promise;
    yield { type: "n", data: 2, id: "two" };
  }
  const acks = createPublisher<AnyEvents>({ url }).publishStream(source());
  expect((await acks.next()).value).toEqual({ ids: ["one"], recipients: 0 });
  more.resolve();
  expect((await acks.next()).value).toEqual({ ids: ["two"], recipients: 0 });
  expect((await acks.next()).done).toBe(true);
});

test("a stream stops at a refused event: all before it are acknowledged, none after it is sent", async () => {
  const { url } = startHub();
  const good = (n: number) => ({ type: "n", data: n, id: `n${n}` });
  const bad = { type: "nav-badge-update", data: { path: "/" } };
  const events = [...Array.from({ length: 100 }, (_, n) => good(n)), bad, good(100)];
  const ids: string[] = [];
  const publishing = async () => {
    for await (const ack of createPublisher<AnyEvents>({ url }).publishStream(events)) ids.push(...ack.ids);
  };
  const error = await failure(publishing());
  expect(error.errors).toEqual([{ path: "/data/badge", message: expect.any(String) }]);
  expect(ids).toEqual(Array.from({ length: 100 }, (_, n) => `n${n}`));
  expect(await stored(url)).toHaveLength(100);
});

test("when a stream's source fails, what it brought before is published", async () => {
  const { url } = startHub();
  async function* source() {
    yield { type: "n", data: 1 };
    throw new Error("no more");
  }
  const acks = createPublisher<AnyEvents>({ url }).publishStream(source());
  expect((await acks.next()).value?.ids).toHaveLength(1);
  expect(acks.next()).rejects.toThrow("no more");
  expect(await stored(url)).toHaveLength(1);
});

test("who leaves a stream's acknowledgements ends its source", async () => {
  const { url } = startHub();
  const left = Promise.withResolvers<void>();
  async function* source() {
    try {
      for (let n = 0; ; n++) yield { type: "n", data: n };
    } finally {
      left.resolve();
    }
  }
  for await (const _ of createPublisher<AnyEvents>({ url }).publishStream(source())) break;
  await left.promise;
});

test("a stream that waits for its source can be aborted", async () => {
  const { url } = startHub();
  const stop = new AbortController();
  async function* source() {
    yield { type: "n", data: 1 };
    await new Promise(() => {});
  }
  const acks = createPublisher<AnyEvents>({ url }).publishStream(source(), { signal: stop.signal });
  await acks.next();
  const next = acks.next();
  stop.abort(new Error("enough"));
  expect(next).rejects.toThrow("enough");
});
