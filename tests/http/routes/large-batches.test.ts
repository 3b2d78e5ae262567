import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { DEFAULT_LIMITS } from "../../../src/http/limits/limits.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { startHub } from "../../hub.ts";
import { post, postText } from "../../post.ts";
import { problemOf } from "../problem.ts";

const { maxBody } = DEFAULT_LIMITS;

test("a batch of too many events is refused before they are all looked at", async () => {
  const { url, broker } = startHub();
  await post(`${url}/publish/batch`, [{ type: "n", data: 1 }]);
  for (const one of ["{}", "0", '{"type":"n","data":1}']) {
    const body = `[${`${one},`.repeat(Math.floor((maxBody - 100) / (one.length + 1)))}${one}]`;
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    const { errors = [] } = await problemOf(await postText(`${url}/publish/batch`, body), 422);
    expect(errors.length).toBeGreaterThan(0);
    // The body itself, sent and received, is 32 MiB; its entries were 1.4 GB.
    expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(200);
  }
  expect(broker.totals.published).toBe(1);
});

test("10,000 events are taken, 10,001 are told how many there may be", async () => {
  const { url, broker } = startHub();
  const batch = Array.from({ length: 10_001 }, (_, data) => ({ type: "n", data }));
  const { errors } = await problemOf(await post(`${url}/publish/batch`, batch), 422);
  expect(errors).toEqual([{ path: "", message: "Expected at most 10000 events" }]);
  expect(broker.totals.published).toBe(0);
  expect((await post(`${url}/publish/batch`, batch.slice(1))).status).toBe(200);
});

test.each(["retain", "end"])("the topics of a batch with %s are bounded: each takes time", async (flag) => {
  const { url, broker } = startHub();
  const topicsOf = (i: number) => Array.from({ length: 100 }, (_, j) => `${i}/${j}`);
  const batch = (length: number) =>
    Array.from({ length }, (_, i) => ({ type: "n", data: i, topics: topicsOf(i), [flag]: true }));
  const { errors } = await problemOf(await post(`${url}/publish/batch`, batch(101)), 422);
  expect(errors).toEqual([
    { path: "", message: "Expected at most 10000 topics in all events with retain or end" },
  ]);
  expect(broker.totals.published).toBe(0);
  expect((await post(`${url}/publish/batch`, batch(100))).status).toBe(200);
});

test("a store may take fewer such topics, in short batches too", async () => {
  class Slow extends MemoryStore {
    readonly maxLasting = 5;
  }
  const { url } = startHub({ broker: new Broker({ store: new Slow() }) });
  const message = "Expected at most 5 topics in all events with retain or end";
  const event = { type: "n", data: 1, retain: true };
  for (const batch of [Array(6).fill(event), [{ ...event, topics: ["1", "2", "3", "4", "5", "6"] }]]) {
    const { errors } = await problemOf(await post(`${url}/publish/batch`, batch), 422);
    expect(errors).toEqual([{ path: "", message }]);
  }
  expect((await post(`${url}/publish/batch`, Array(5).fill(event))).status).toBe(200);
});

test("what is no array is told so, however large", async () => {
  const { url } = startHub();
  for (const body of ["{}", '"x"', `{"x":"${"x".repeat(8 * 1024 ** 2)}"}`]) {
    const { errors } = await problemOf(await postText(`${url}/publish/batch`, body), 422);
    expect(errors).toEqual([
      { path: "", message: "Expected array; a single event goes to the route publish" },
    ]);
  }
});

test("an event that is too large is named, wherever it stands", async () => {
  const { url, broker } = startHub();
  const large = `{"type":"n","data":"${"x".repeat(5 * 1024 ** 2)}"}`;
  const small = '{"type":"n","data":1}';
  for (const [i, body] of [`[${large}]`, `[${small},${large},${small}]`].entries()) {
    const { detail } = await problemOf(await postText(`${url}/publish/batch`, body), 413);
    expect(detail).toStartWith(`/${i}: an event here is`);
  }
  expect(broker.totals.published).toBe(0);
});

test("a batch with an event that is not JSON says which", async () => {
  const { url, broker } = startHub();
  const small = '{"type":"n","data":1}';
  for (const bad of ["{", '{"type":"n","data":01}', "", "nul", '{"type":"n","data":"\ufffd']) {
    const { detail } = await problemOf(
      await postText(`${url}/publish/batch`, `[${small},${bad},${small}]`),
      400,
    );
    expect(detail).toMatch(/^\/1 is not JSON|^the body is not JSON/);
  }
  expect(broker.totals.published).toBe(0);
});

test("numbers that JavaScript can't hold are data's alone: beside them all else is checked as ever", async () => {
  const { url } = startHub();
  const big = "12345678901234567890";
  const event = (rest: string) => `{"type":"a","data":${big},${rest}}`;
  for (const rest of ['"retry":1000.0', '"retry":1e3', '"retry":1000', '"retry":0.0']) {
    expect([rest, (await postText(`${url}/publish`, event(rest))).status]).toEqual([rest, 200]);
    expect([rest, (await postText(`${url}/publish/batch`, `[${event(rest)}]`)).status]).toEqual([rest, 200]);
  }
  for (const [rest, path] of [
    ['"retry":1.5', "/retry"],
    [`"retry":${big}`, "/retry"],
    ['"retry":1e999', "/retry"],
    [`"id":${big}`, "/id"],
    [`"topics":[${big}]`, "/topics/0"],
    [`"private":${big}`, "/private"],
  ] as const) {
    const { errors } = await problemOf(await postText(`${url}/publish`, event(rest)), 422);
    expect([rest, errors?.map((one) => one.path)]).toEqual([rest, [path]]);
  }
  const { events } = (await (await fetch(`${url}/history?limit=1`)).json()) as {
    events: { retry: number }[];
  };
  expect(events[0]?.retry).toBe(1000);
  expect(await (await fetch(`${url}/history?limit=1`)).text()).toContain(`"data":${big}`);
});
