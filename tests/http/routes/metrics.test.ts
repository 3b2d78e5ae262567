import { expect, test } from "bun:test";
import { OPEN } from "../../../src/auth/grant.ts";
import { PublisherCounts } from "../../../src/http/publish/publisher-counts.ts";
import { startHub } from "../../hub.ts";
import { post } from "../../post.ts";
import { until } from "../../until.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, sign, startKeyedHub } from "../keyed-hub.ts";
import { Reader } from "../reader.ts";

/** The samples of an exposition, by name and labels as they are written. */
async function scrape(url: string, headers = {}): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers });
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [, name = "", value = ""] = /^(.+) (\S+)$/.exec(line) ?? [];
      expect(Number.isNaN(Number(value))).toBeFalse();
      return [name, Number(value)];
    }),
  );
}

const publish = (url: string, event: unknown) => post(`${url}/publish`, event);

test("the numbers are those of what happened", async () => {
  const { url, broker } = startHub();
  for (const query of ["", "", "?topic=a"]) await Reader.open(`${url}/events${query}`);
  expect((await scrape(url)).get("tidings_publishes_total")).toBe(0);
  await publish(url, { type: "one", data: 1, topics: ["a"] });
  await publish(url, { type: "two", data: 2, topics: ["b"] });
  await Reader.open(`${url}/events?last_event_id=earliest`);
  await until(() => broker.replays.count === 1);

  const metrics = await scrape(url);
  const read = (name: string) => metrics.get(name);
  expect(read("tidings_clients")).toBe(4);
  expect(read("tidings_subscriptions")).toBe(2);
  expect(read("tidings_clients_behind")).toBe(0);
  expect(read("tidings_connects_total")).toBe(4);
  expect(read("tidings_publishes_total")).toBe(2);
  expect(read("tidings_deliveries_total")).toBe(3 + 2 + 2);
  expect(read("tidings_replayed_total")).toBe(2);
  expect(read("tidings_blocked_total")).toBe(broker.totals.blocked);
  for (const reason of ["stalled", "rolled_back", "failed"]) {
    expect(read(`tidings_removals_total{reason="${reason}"}`)).toBe(0);
  }
  expect(read("tidings_draining")).toBe(0);
  expect(read("tidings_replay_events_count")).toBe(1);
  expect(read("tidings_replay_events_sum")).toBe(2);
  expect(read('tidings_replay_events_bucket{le="1"}')).toBe(0);
  expect(read('tidings_replay_events_bucket{le="10"}')).toBe(1);
  expect(read('tidings_replay_events_bucket{le="+Inf"}')).toBe(1);
  expect(read("tidings_store_events")).toBe(2);
  expect(read("tidings_store_bytes")).toBe(broker.log.store.bytes);
  expect(read("tidings_store_append_seconds_count")).toBe(2);
  expect(read("tidings_store_failing")).toBe(0);
  expect(read("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(read("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThanOrEqual(0);
});

test("events are counted by type of the catalog and by publisher, requests by route and status", async () => {
  const { url } = startKeyedHub();
  const headers = bearer(PUBLISH_KEY);
  const alice = bearer(await sign({ publish: { topics: ["*"] } }, { subject: "alice" }));
  const notification = { id: "1", source: "s", message: "m", severity: "info", time: 1 };
  await post(`${url}/publish`, { type: "notification", data: notification }, headers);
  // The same id once more is no other event.
  for (let i = 0; i < 2; i++) await post(`${url}/publish`, { type: "a", data: 1, id: "x" }, alice);
  for (let i = 0; i < 300; i++) await post(`${url}/publish`, { type: `wild-${i}`, data: 1 }, headers);
  await post(`${url}/publish`, { type: "a", data: 1 });
  await fetch(`${url}/nowhere/${"x".repeat(100)}`);
  for (const method of ["PROPFIND", "PUT", "PATCH"]) await fetch(`${url}/nowhere`, { method });
  const metrics = await scrape(url, bearer(ADMIN_KEY));
  const of = (name: string) =>
    Object.fromEntries(
      [...metrics]
        .filter(([key]) => key.startsWith(`${name}{`))
        .map(([key, value]) => [key.slice(name.length), value]),
    );
  expect(of("tidings_published_total")).toEqual({ '{type="notification"}': 1, '{type="other"}': 301 });
  const byPublisher = Object.entries(of("tidings_publisher_events_total"));
  // A publisher's types are twenty by name, and the rest.
  const [[, ofAlice] = [], ...ofKey] = byPublisher.sort(
    ([a], [b]) => Number(b.includes("alice")) - Number(a.includes("alice")),
  );
  expect([ofAlice, ofKey.length]).toEqual([1, 21]);
  expect(ofKey.map(([, count]) => count).reduce((sum, count) => sum + count)).toBe(301);
  expect(byPublisher.find(([labels]) => labels.includes('type="other"'))?.[1]).toBe(281);
  expect(of("tidings_requests_total")).toEqual({
    '{method="POST",route="/publish",status="200"}': 303,
    '{method="POST",route="/publish",status="401"}': 1,
    '{method="GET",route="none",status="404"}': 1,
    '{method="other",route="none",status="404"}': 3,
  });
});

test("however many publishers and types there are, a hundred are named, and twenty of each one's types", () => {
  const counts = new PublisherCounts();
  const grant = (account: string) => ({ ...OPEN, account });
  for (let i = 0; i < 1000; i++) counts.add(grant(`publisher-${i}`), "t", 1);
  for (let i = 0; i < 1000; i++) counts.add(grant("publisher-7"), `${"long".repeat(100)}${i % 2}`, 2);
  for (let i = 0; i < 1000; i++) counts.add(grant(`publisher-${i % 2}`), `t-${i}`, 1);
  const all = new Map(Array.from(counts, ({ publisher, types }) => [publisher, new Map(types)] as const));
  expect([all.size, all.get("other")]).toEqual([101, new Map([["t", 900]])]);
  expect(all.get("publisher-7")).toEqual(
    new Map([
      ["t", 1],
      ["long".repeat(25), 2000],
    ]),
  );
  expect([all.get("publisher-1")?.size, all.get("publisher-1")?.get("other")]).toEqual([21, 481]);
});

test("how long deliveries take is a histogram, and file descriptors are counted", async () => {
  const { url, broker } = startHub();
  const stream = await fetch(`${url}/events`);
  await until(() => broker.clientCount === 1);
  for (let i = 0; i < 3; i++) await publish(url, { type: "a", data: 1 });
  const metrics = await scrape(url);
  expect(metrics.get("tidings_delivery_seconds_count")).toBe(3);
  expect(metrics.get('tidings_delivery_seconds_bucket{le="+Inf"}')).toBe(3);
  expect(metrics.get("tidings_delivery_seconds_sum")).toBeGreaterThan(0);
  expect(metrics.get("process_open_fds")).toBeGreaterThan(3);
  expect(metrics.get("process_max_fds")).toBeGreaterThan(100);
  await stream.body?.cancel();
});

test("the delivered bytes are those of the events on the streams", async () => {
  const { url } = startHub();
  const stream = (await fetch(`${url}/events`)).body?.getReader();
  const { id } = (await (await publish(url, { type: "a", data: "é" })).json()) as { id: string };
  const frame = `id: ${id}\nevent: a\ndata: "é"\n\n`;
  let text = "";
  while (!text.includes(frame)) text += new TextDecoder().decode((await stream?.read())?.value);
  expect((await scrape(url)).get("tidings_delivered_bytes_total")).toBe(Buffer.byteLength(frame));
});

test("refusals are counted by route and status, however wild the paths", async () => {
  const { url } = startHub();
  await publish(url, { type: "connected", data: 1 });
  await publish(url, { type: "a", data: 1, id: "x" });
  await publish(url, { type: "a", data: 2, id: "x" });
  await publish(url, { type: "a", data: 3, id: "x" });
  for (let i = 0; i < 50; i++) await fetch(`${url}/wild/${i}`);
  const refused = [...(await scrape(url))].filter(([name]) => name.startsWith("tidings_refused_total"));
  expect(Object.fromEntries(refused)).toEqual({
    'tidings_refused_total{route="/publish",status="422"}': 1,
    'tidings_refused_total{route="/publish",status="409"}': 2,
    'tidings_refused_total{route="none",status="404"}': 50,
  });
});
