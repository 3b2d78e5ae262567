import { expect, test } from "bun:test";
import { join } from "node:path";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { startMercure } from "./mercure-hub.ts";

test("a file keeps updates as they came, and finds them for matchers of every kind", async () => {
  const store = join(emptyFolder(), "events.db");
  const first = await startMercure("--store", store);
  const topics = ["a*", "ab", "https://e.com/books/1", "https://e.com/books/1/2", "last"];
  for (const topic of topics)
    await first.publish([
      ["topic", topic],
      ["data", `{ "raw":\n"${topic}" }`],
    ]);
  await first.broker.close();
  const { subscribe } = await startMercure("--store", store);
  for (const [query, expected] of [
    ["match=a*", ["a*"]],
    ["match_urlpattern=https://e.com/books/:id", ["https://e.com/books/1"]],
    ["topic=https://e.com/books/{id}", ["https://e.com/books/1"]],
    ["match=*", topics],
  ] as const) {
    const stream = await subscribe(`${query}&match=last&last_event_id=earliest`);
    await until(() => stream.events.at(-1)?.["data"]?.includes("last"));
    const wanted = [...new Set([...expected, "last"])].map((topic) => `{ "raw":\n"${topic}" }`);
    expect([query, stream.events.map(({ data }) => data)]).toEqual([query, wanted]);
    expect(stream.events.every(({ event }) => event === undefined)).toBe(true);
  }
});
