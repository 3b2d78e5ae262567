import { expect, test } from "bun:test";
import { type AnyEvents, createPublisher, createSubscriber } from "../../../src/sdk/index.ts";
import { startHub } from "../../hub.ts";
import { bearer, PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

const last = { type: "t", data: "last", topic: "chat/1", end: true };

test("a topic ends: 409 for publishers, the rest and an end for readers, then 204", async () => {
  const { url } = startHub();
  const reader = await Reader.open(`${url}/events?topic=chat/1`);
  await post(`${url}/publish`, { type: "t", data: 1, topic: "chat/1" });
  expect(
    (await fetch(`${url}/publish?type=t&topic=chat/1&end`, { method: "POST", body: "last" })).status,
  ).toBe(200);
  expect((await reader.take(9)).map(([type]) => type)).toEqual(["connected", "t", "t", "tidings.position"]);

  const refused = await problemOf(await post(`${url}/publish`, { type: "t", data: 2, topic: "chat/1" }), 409);
  expect(refused).toMatchObject({ type: "topic-ended", detail: 'the topic "chat/1" has ended' });
  expect((await post(`${url}/publish/batch`, [{ type: "t", data: 2, topics: ["a", "chat/1"] }])).status).toBe(
    409,
  );
  const lines = '{"type":"t","data":1,"topic":"b","end":true}\n{"type":"t","data":1,"topic":"b"}\n';
  const headers = { "content-type": "application/x-ndjson" };
  const answer = await fetch(`${url}/publish/stream`, { method: "POST", body: lines, headers });
  expect(
    (await answer.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type ?? "kept"),
  ).toEqual(["kept", "topic-ended"]);

  const again = await Reader.open(`${url}/events?topic=chat/1&format=text&last_event_id=earliest`);
  expect([await again.next(), await again.next(), await again.next()]).toMatchObject([
    { event: "t", data: "1" },
    { event: "t", data: "last" },
    undefined,
  ] as never);
  const cursor = "last_event_id=earliest";
  const id = {
    "last-event-id": ((await (await fetch(`${url}/history?topic=chat/1`)).json()) as { next: string }).next,
  };
  for (const format of ["json", "text", "envelope"]) {
    const answer = await fetch(`${url}/events?topic=chat/1&format=${format}&${cursor}`, { headers: id });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
  }
  const { store, totals } = (await (await fetch(`${url}/status`)).json()) as never as {
    store: { ended: object };
    totals: { removed: { ended: number } };
  };
  expect([store.ended, totals.removed.ended]).toEqual([{ topics: 2, dropped: 0, bound: 10_000 }, 2]);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain("\ntidings_ended_topics 2\n");
});

test("an end needs a topic", async () => {
  const { url } = startHub();
  const { errors } = await problemOf(await post(`${url}/publish`, { type: "t", data: 1, end: true }), 422);
  expect(errors).toEqual([
    { path: "/topics", message: "missing: an event that ends its topics needs a topic" },
  ]);
});

test("opened again by those who may publish there", async () => {
  const { url } = await startKeyedHub();
  const open = (topic: string, headers: Record<string, string>) =>
    fetch(`${url}/topics/end?topic=${encodeURIComponent(topic)}`, { method: "DELETE", headers });
  await post(`${url}/publish`, last, PUBLISH_KEY);
  expect((await open("chat/1", {})).status).toBe(401);
  expect((await open("chat/1", bearer(await sign({ publish: { topics: ["b"] } })))).status).toBe(403);
  const own = bearer(await sign({ publish: { topics: ["chat/*"], types: ["u"] } }));
  expect((await open("chat/1", own)).status).toBe(204);
  expect(await problemOf(await open("chat/1", own), 404)).toMatchObject({
    detail: 'the topic "chat/1" has not ended',
  });
  expect((await post(`${url}/publish`, last, PUBLISH_KEY)).status).toBe(200);
});

test.each([".", "..", "a/../b", "a b?&#%2F"])("the topic %j is opened like any other", async (topic) => {
  const { url } = startHub();
  await post(`${url}/publish`, { ...last, topic });
  const open = () => fetch(`${url}/topics/end?topic=${encodeURIComponent(topic)}`, { method: "DELETE" });
  expect([(await open()).status, (await open()).status]).toEqual([204, 404]);
});

test("the sdk publishes an end, and its iterator finishes", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  await hub.publish("t", 1, { topic: "chat/1", id: "one" });
  await hub.publish("t", 2, { topic: "chat/1", end: true });
  const received: unknown[] = [];
  for await (const { data } of createSubscriber<AnyEvents>({ url, topics: ["chat/1"], lastEventId: "one" })) {
    received.push(data);
  }
  expect(received).toEqual([2]);
});
