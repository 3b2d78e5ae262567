import { expect, test } from "bun:test";
import { join } from "node:path";
import { Broker } from "../../src/broker/broker.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { browsers } from "../browsers.ts";
import { startConfigured } from "../configured.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { Reader } from "../http/reader.ts";
import { startHub } from "../hub.ts";
import { post } from "../post.ts";
import { serveBinary } from "./binary.ts";
import { type EventSourcePage, openEventSources } from "./event-source-page.ts";
import { statusOf } from "./hub-client.ts";
import { isMissing, proxies } from "./proxy.ts";

// An EventSource gives up for good at any status but 200 (HTML, section 9.2.3). What will pass must
// never be the end of a page.

const noBrowser = browsers.every(({ isMissing }) => isMissing);
/** Readers are told to wait up to 20 s. */
const TIMEOUT = 120_000;

const publish = (url: string, data: unknown, retry?: number) =>
  post(`${url}/publish`, { type: "n", data, ...(retry !== undefined && { retry }) });
const allSee = (pages: readonly EventSourcePage[], wanted: unknown) =>
  Promise.all(pages.map((page) => page.sees(wanted)));
const numbers = async (page: EventSourcePage) => (await page.seen()).filter((one) => typeof one === "number");

test.skipIf(noBrowser)(
  "a page whose stream is lost while the hub drains misses nothing",
  async () => {
    const folder = emptyFolder();
    const flags = ["--store", join(folder, "events.db"), "--drain", "1h", `--port=${freePort()}`];
    const hub = await serveBinary(folder, ...flags);
    const { url } = hub;
    // Who came first is ended at once; the hub drains for as long as the last one stays.
    const first = await Reader.open(`${url}/events`);
    const pages = await openEventSources(`${url}/healthz`, `${url}/events`);
    await allSee(pages, "connected");
    const last = await Reader.open(`${url}/events`);
    await publish(url, 1, 50);
    await allSee(pages, 1);
    const { clients } = (await (await fetch(`${url}/clients`)).json()) as { clients: { id: string }[] };
    hub.kill("SIGTERM");
    while (await first.next());
    for (const { id } of clients.slice(1, 1 + pages.length)) {
      expect((await fetch(`${url}/clients/${id}`, { method: "DELETE" })).ok).toBeTrue();
    }
    await allSee(pages, "tidings.busy");
    // It still takes events.
    expect((await publish(url, 2)).status).toBe(200);
    last.leave();
    expect(await hub.exited).toBe(0);
    await serveBinary(folder, ...flags);
    await publish(url, 3);
    await allSee(pages, 3);
    for (const page of pages) expect(await numbers(page)).toEqual([1, 2, 3]);
  },
  TIMEOUT,
);

test.skipIf(noBrowser)(
  "a page that comes to a full hub gets in when there is room",
  async () => {
    const { url, broker } = await startConfigured(["--max-clients", "2"]);
    const others = await Promise.all([Reader.open(`${url}/events`), Reader.open(`${url}/events`)]);
    const pages = await openEventSources(`${url}/healthz`, `${url}/events`);
    await allSee(pages, "tidings.busy");
    for (const other of others) other.leave();
    await allSee(pages, "connected");
    await broker.publish({ type: "n", data: 1 });
    await allSee(pages, 1);
  },
  TIMEOUT,
);

test.skipIf(noBrowser)(
  "a page that comes while the store fails is sent what it asked for when it works",
  async () => {
    const store = new MemoryStore();
    const { url, broker } = startHub({ broker: new Broker({ store }) });
    await broker.publish({ type: "n", data: 1 });
    const { read } = store;
    store.read = () => {
      throw new Error("disk gone");
    };
    const pages = await openEventSources(`${url}/healthz`, `${url}/events?last_event_id=earliest`);
    await allSee(pages, "connected");
    store.read = read;
    await allSee(pages, 1);
    await broker.publish({ type: "n", data: 2 });
    await allSee(pages, 2);
    for (const page of pages) expect(await numbers(page)).toEqual([1, 2]);
  },
  TIMEOUT,
);

for (const name of ["nginx", "caddy"] as const) {
  test.skipIf(noBrowser || isMissing(name))(
    `behind ${name}, pages of the same and of another origin outlive a hub that is away`,
    async () => {
      const folder = emptyFolder();
      const origin = "http://127.0.0.1";
      const elsewhere = startHub();
      const flags = [
        `--store=${join(folder, "events.db")}`,
        `--port=${freePort()}`,
        "--trust-proxy=127.0.0.0/8 ::1",
        `--cors-origin=${elsewhere.url}`,
        "--allowed-host=localhost",
      ];
      const hub = await serveBinary(folder, ...flags);
      expect(hub.url).toStartWith(origin);
      const url = await proxies[name](hub.url);
      const pages = [
        ...(await openEventSources(`${url}/healthz`, `${url}/events`)),
        ...(await openEventSources(`${elsewhere.url}/healthz`, `${url}/events`)),
      ];
      await allSee(pages, "connected");
      await publish(hub.url, 1, 100);
      await allSee(pages, 1);
      hub.kill("SIGKILL");
      await hub.exited;
      await allSee(pages, "tidings.busy");
      const next = await serveBinary(folder, ...flags);
      await publish(next.url, 2);
      await allSee(pages, 2);
      for (const page of pages) expect(await numbers(page)).toEqual([1, 2]);
      expect((await statusOf(next.url)).connected_clients).toBe(pages.length);
    },
    TIMEOUT,
  );
}
