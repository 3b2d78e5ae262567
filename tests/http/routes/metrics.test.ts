import { expect, test } from "bun:test";
import { startHub } from "../../hub.ts";
import { post } from "../../post.ts";
import { until } from "../../until.ts";

/** The samples of an exposition, by name and labels as they are written. */
async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [, name = "", value = ""] = /^(\S+) (\S+)$/.exec(line) ?? [];
      expect(Number.isNaN(Number(value))).toBeFalse();
      return [name, Number(value)];
    }),
  );
}

const publish = (url: string, event: unknown) => post(`${url}/publish`, event);

test("the numbers are those of what happened", async () => {
  const { url, broker } = startHub();
  const streams = ["", "", "?topic=a"].map((query) => fetch(`${url}/events${query}`));
  await Promise.all(streams);
  expect((await scrape(url)).get("tidings_publishes_total")).toBe(0);
  await publish(url, { type: "one", data: 1, topics: ["a"] });
  await publish(url, { type: "two", data: 2, topics: ["b"] });
  await fetch(`${url}/events?last_event_id=earliest`);
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
  expect(read("tidings_stalls_total")).toBe(broker.totals.stalls);
  for (const reason of ["stalled", "outrun", "failed"]) {
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
