import { expect, test } from "bun:test";
import { startHub } from "../../hub.ts";
import { bearer, PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";
import { Reader } from "../reader.ts";

interface Current {
  readonly values: { type: string; data: unknown; topics: string[] }[];
  readonly at: string;
}

const currentOf = async (url: string, query = "", headers: Record<string, string> = {}) => {
  const answer = await fetch(`${url}/current${query}`, { headers });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Current;
};

test("shows the newest event of each type and topic that was published with retain", async () => {
  const { url } = startHub();
  expect(await currentOf(url)).toEqual({ values: [], at: expect.stringMatching(/-0$/) });
  await post(`${url}/publish/batch`, [
    { type: "t", data: 1, topic: "a", retain: true },
    { type: "t", data: 2, topic: "a", retain: true },
    { type: "u", data: 3, topics: ["a", "b"], retain: true },
    { type: "u", data: 4, topic: "b" },
  ]);
  await fetch(`${url}/publish?type=plain&topic=c&retain`, { method: "POST", body: "text" });
  const { values, at } = await currentOf(url);
  expect(values.map(({ data }) => data)).toEqual([2, 3, "text"]);
  expect(at).toEndWith("-5");
  expect((await currentOf(url, "?topic=b")).values.map(({ data }) => data)).toEqual([3]);
  expect((await currentOf(url, "?type=t")).values.map(({ data }) => data)).toEqual([2]);
  const { store } = (await (await fetch(`${url}/status`)).json()) as { store: { current: object } };
  expect(store.current).toMatchObject({ values: 4, dropped: 0 });
});

test("clears one, for those who may publish on its topic", async () => {
  const { url } = await startKeyedHub();
  const key = bearer(PUBLISH_KEY);
  await post(`${url}/publish`, { type: "t", data: 1, topic: "a", retain: true }, PUBLISH_KEY);
  const remove = (query: string, headers: Record<string, string>) =>
    fetch(`${url}/current${query}`, { method: "DELETE", headers });
  expect((await remove("?type=t&topic=a", {})).status).toBe(401);
  const other = bearer(await sign({ publish: { topics: ["b"] } }));
  expect((await remove("?type=t&topic=a", other)).status).toBe(403);
  await problemOf(await remove("?topic=a", key), 400);
  expect((await remove("?type=t&topic=a", key)).status).toBe(204);
  expect((await remove("?type=t&topic=a", key)).status).toBe(404);
  expect((await currentOf(url)).values).toEqual([]);
});

test("retain is a part of the content, and an event's data is erased from the current values too", async () => {
  const { url } = startHub();
  await post(`${url}/publish`, { type: "t", data: 1, topic: "a", id: "x", retain: true });
  expect((await post(`${url}/publish`, { type: "t", data: 1, topic: "a", id: "x" })).status).toBe(409);
  expect((await fetch(`${url}/history/x`, { method: "DELETE" })).status).toBe(204);
  expect((await currentOf(url)).values).toEqual([]);
});

test("a stream begins with them", async () => {
  const { url } = startHub();
  await post(`${url}/publish`, { type: "t", data: 1, topic: "a", retain: true });
  const reader = await Reader.open(`${url}/events?topic=a`);
  await post(`${url}/publish`, { type: "t", data: 2, topic: "a" });
  expect((await reader.take(4)).map(([event]) => event)).toEqual(["connected", "t", "tidings.current", "t"]);
});
