import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { startConfigured } from "../../configured.ts";
import { startHub } from "../../hub.ts";
import { until } from "../../until.ts";
import { bearer, sign, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";
import { gatherText } from "../text-stream.ts";

/** A stream as text, as it comes. */
async function textOf(url: string, headers: Record<string, string> = {}) {
  const stop = new AbortController();
  return gatherText(await fetch(url, { headers, signal: stop.signal }), stop);
}

/** The blocks of a stream that have come, without the first. */
const blocksOf = ({ text }: { text: string }) => text.split("\n\n").slice(1, -1);

test("format=envelope: an event with its id, type, topics, time and data; the hub's own events as ever", async () => {
  const { url, broker } = startHub();
  const live = await textOf(`${url}/events?format=envelope`);
  await until(() => broker.clientCount === 1);
  const before = Date.now();
  await broker.publish({
    type: "order",
    data: { n: 1.5, text: "a\nb" },
    topics: ["orders/7", "x"],
    id: "one",
    retry: 9,
  });
  await broker.publish({ type: "message", data: null });
  await until(() => blocksOf(live).length === 2);
  const [first = "", second = ""] = blocksOf(live);
  const lines = first.split("\n");
  expect(lines.slice(0, -1)).toEqual(["id: one", "event: order", "retry: 9"]);
  const data = JSON.parse(lines.at(-1)?.slice("data: ".length) ?? "");
  expect(Object.keys(data)).toEqual(["id", "type", "topics", "time", "data"]);
  expect(data).toMatchObject({
    id: "one",
    type: "order",
    topics: ["orders/7", "x"],
    data: { n: 1.5, text: "a\nb" },
  });
  expect(new Date(data.time).toISOString()).toBe(data.time);
  expect(Math.abs(Date.parse(data.time) - before)).toBeLessThan(60_000);
  // A frame of that type has no `event` line, in any format.
  expect(second).toMatch(
    /^id: \S+\ndata: \{"id":"\S+","type":"message","topics":\[\],"time":"[^"]+","data":null\}$/,
  );
  expect(live.text).toContain("event: connected\n");
  const replayed = await textOf(`${url}/events?format=envelope&last_event_id=earliest`);
  await until(() => blocksOf(replayed).length === 3);
  expect(blocksOf(replayed)).toEqual([first, second, expect.stringContaining("event: tidings.resumed\n")]);
});

test("format=envelope names the topics that its reader could subscribe to, and no others", async () => {
  const { url, broker } = startKeyedHub({ private: true });
  const read = async (subscribe: string[], topic: string) =>
    textOf(`${url}/events?format=envelope&topic=${topic}`, bearer(await sign({ subscribe })));
  const [narrow, other, wide] = [
    await read(["a/*"], "a/*"),
    await read(["b", "a/1"], "a/1"),
    await read(["*"], "a/*"),
  ];
  await until(() => broker.clientCount === 3);
  await broker.publish({ type: "t", data: 1, topics: ["a/1", "b", "secret/plan"] });
  const topicsOf = async (stream: { text: string }) => {
    await until(() => blocksOf(stream).length === 1);
    return JSON.parse(/^data: (.*)$/m.exec(blocksOf(stream)[0] ?? "")?.[1] ?? "").topics;
  };
  expect(await topicsOf(narrow)).toEqual(["a/1"]);
  expect(await topicsOf(other)).toEqual(["a/1", "b"]);
  expect(await topicsOf(wide)).toEqual(["a/1", "b", "secret/plan"]);
});

test("format=text: strings as they are, other data as JSON, and no hub event among them", async () => {
  const store = new MemoryStore({ events: 6 });
  const { url, broker } = startHub({ broker: new Broker({ store, keepAlive: 10 }) });
  const live = await textOf(`${url}/events?format=text&keepalive=event`);
  await until(() => broker.clientCount === 1);
  const beginning = broker.log.place(0);
  expect(live.text).toStartWith(`retry: 3000\nid: ${beginning}\n\n`);
  for (const [type, data] of [
    ["token", "Hel"],
    ["token", 'lo "you"\r\nthere\n'],
    ["message", "<turbo-stream></turbo-stream>"],
    ["token", { a: [1, "x"] }],
    ["token", ""],
    ["token", "[DONE]"],
  ] as const) {
    await broker.publish({ type, data });
  }
  await until(() => live.text.includes("[DONE]\n\n"));
  await until(() => live.text.includes(": keepalive\n"));
  const frames = live.text.replaceAll(": keepalive\n", "").split("\n\n").slice(1, -1);
  expect(frames.map((frame) => frame.replace(/^id: .*\n/, ""))).toEqual([
    "event: token\ndata: Hel",
    'event: token\ndata: lo "you"\ndata: there\ndata: ',
    "data: <turbo-stream></turbo-stream>",
    'event: token\ndata: {"a":[1,"x"]}',
    "event: token\ndata: ",
    "event: token\ndata: [DONE]",
  ]);
  expect(live.text).not.toContain("connected");
  await broker.publish({ type: "token", data: "more" });
  const late = await textOf(`${url}/events?format=text&last_event_id=${beginning}`);
  await until(() => late.text.includes("data: more\n"));
  // A comment tells of the gap.
  expect(late.text).toMatch(/^: gap: \{"requested":"\S+-0","earliest":"\S+-2"\}\n/m);
  expect(late.text).not.toContain("tidings.");
});

test("format=text: a reader that has to come back is told so by a comment", async () => {
  const { url } = await startConfigured(["--max-clients", "1"]);
  const first = await textOf(`${url}/events`);
  await until(() => first.text.length > 0);
  const accept = { accept: "text/event-stream" };
  const busy = await textOf(`${url}/events?format=text`, accept);
  await until(() => busy.ended);
  expect(busy.text).toMatch(/^retry: \d+\n: busy: \{"reason":"[a-z-]+","retry_after":\d+\}\n$/);
});

test("formats are told apart, and another is refused", async () => {
  const { url, broker } = startHub();
  const streams = await Promise.all(
    ["", "?format=json", "?format=text", "?format=envelope"].map((query) => textOf(`${url}/events${query}`)),
  );
  await until(() => broker.clientCount === 4);
  expect(broker.subscriptionCount).toBe(3);
  await broker.publish({ type: "t", data: "x" });
  const dataOf = async (stream: { text: string }) => {
    await until(() => blocksOf(stream).length === 1);
    return /^data: (.*)$/m.exec(blocksOf(stream)[0] ?? "")?.[1];
  };
  const [plain, json, text, envelope] = await Promise.all(streams.map(dataOf));
  expect([plain, json, text]).toEqual(['"x"', '"x"', "x"]);
  expect(envelope).toMatch(/^\{"id":.*"data":"x"\}$/);
  await problemOf(await fetch(`${url}/events?format=xml`), 400);
});
