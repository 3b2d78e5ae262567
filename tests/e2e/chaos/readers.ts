import { createParser } from "eventsource-parser";
import type { Page } from "playwright-core";
import type { AnyEvents } from "../../../src/sdk/index.ts";
import { createSubscriber } from "../../../src/sdk/index.ts";
import { openPage } from "../../browser.ts";
import { defer } from "../../defer.ts";
import { until } from "../../until.ts";
import type { Kept } from "./generation.ts";
import type { History } from "./history.ts";
import { randomOf } from "./plan.ts";

/** How long a reader stays at a node before it moves to another, in milliseconds: from half of this on. */
const STAY_MS = 6000;
const CLOSED = 2;

/** Readers of all events, from the first on, that move from node to node with their last event id. */
export class Readers {
  readonly #history: History;
  readonly #urls: readonly string[];
  readonly #random: () => number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #pages: { readonly name: string; readonly page: Page }[] = [];

  /** @param urls the nodes, or the proxy before them. */
  constructor(urls: readonly string[], history: History, seed: number) {
    this.#urls = urls;
    this.#history = history;
    this.#random = randomOf(seed + 2);
  }

  async start({ sdk, raw, browser }: { sdk: number; raw: number; browser: number }): Promise<void> {
    for (let i = 0; i < sdk; i++) this.#running.push(this.#readBySdk(`sdk ${i}`, i));
    for (let i = 0; i < raw; i++) this.#running.push(this.#readRaw(`raw ${i}`, i));
    for (let i = 0; i < browser; i++) await this.#openPage(`browser ${i}`, i);
  }

  get names(): readonly string[] {
    return this.#history.readers;
  }

  /** Resolves when all have been sent this. */
  async allSee(text: string, names: readonly string[]): Promise<void> {
    await until(async () => {
      await this.collect();
      return names.every((name) => this.#history.newest(name) === text);
    });
  }

  /** Takes over what the browser's readers have been sent. */
  async collect(): Promise<void> {
    for (const { name, page } of this.#pages) {
      const state = (await page.evaluate("take()")) as { items: string[]; readyState: number };
      for (const item of state.items)
        this.#history.received(name, item === "gap" || item === "back" ? item : keptOf(item));
      if (state.readyState === CLOSED) this.#history.violations.push(`${name} was sent away for good`);
    }
  }

  async stop(): Promise<void> {
    await this.collect();
    this.#stop.abort();
    for (const { page } of this.#pages) await page.close();
    await Promise.all(this.#running);
  }

  /** The address of an empty page, of an origin of its own. */
  #blank(): string {
    const html = { "content-type": "text/html" };
    const fetch = () => new Response("<title>readers</title>", { headers: html });
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
    defer(() => server.stop(true));
    return server.url.href;
  }

  #stay(): number {
    return STAY_MS * (0.5 + this.#random());
  }

  #url(index: number): string {
    return this.#urls[index % this.#urls.length] ?? "";
  }

  async #readBySdk(name: string, first: number): Promise<void> {
    let lastEventId = "earliest";
    for (let i = first; !this.#stop.signal.aborted; i++) {
      const leaving = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#stay())]);
      const events = createSubscriber<AnyEvents>({
        ...{ url: this.#url(i), signal: leaving, lastEventId },
        onOpen: () => this.#history.received(name, "back"),
        onGap: () => this.#history.received(name, "gap"),
      });
      try {
        for await (const { id, time, data } of events) {
          lastEventId = id;
          this.#history.received(name, { text: String(data), id, time });
        }
      } catch (error) {
        this.#history.violations.push(`${name} was sent away for good: ${error}`);
        return;
      }
    }
  }

  async #readRaw(name: string, first: number): Promise<void> {
    const cursor = { id: "earliest" };
    for (let i = first; !this.#stop.signal.aborted; i++) {
      const leaving = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#stay())]);
      await this.#readStream(name, this.#url(i), cursor, leaving).catch(() => {});
      await Bun.sleep(100);
    }
  }

  async #readStream(name: string, url: string, cursor: { id: string }, signal: AbortSignal): Promise<void> {
    const headers = { accept: "text/event-stream", "last-event-id": cursor.id };
    const { status, body } = await fetch(`${url}/events?format=envelope`, { headers, signal });
    if (status !== 200) {
      this.#history.violations.push(`${name} was answered ${status}`);
      return;
    }
    const parser = createParser({
      onEvent: ({ event, data, id }) => {
        cursor.id = id ?? cursor.id;
        if (event === "n") this.#history.received(name, keptOf(data));
        if (event === "connected") this.#history.received(name, "back");
        if (event === "tidings.gap") this.#history.received(name, "gap");
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of body ?? []) {
      if (signal.aborted) return;
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
  }

  /** A plain EventSource, which comes back to its node by itself; now and then the page moves it to another. */
  async #openPage(name: string, first: number): Promise<void> {
    const page = await openPage(this.#blank());
    this.#pages.push({ name, page });
    // As text: the page's globals are not this process's.
    await page.evaluate(`
      const urls = ${JSON.stringify(this.#urls)};
      let items = [], cursor = "earliest", source, next = ${first};
      const open = () => {
        source?.close();
        const query = new URLSearchParams({ last_event_id: cursor, format: "envelope" });
        const own = (source = new EventSource(urls[next++ % urls.length] + "/events?" + query));
        const on = (type, take) =>
          own.addEventListener(type, (event) => {
            if (own !== source) return;
            cursor = event.lastEventId || cursor;
            take?.(event);
          });
        on("connected", () => items.push("back"));
        on("tidings.position");
        on("tidings.gap", () => items.push("gap"));
        on("n", ({ data }) => items.push(data));
        if (urls.length > 1) setTimeout(open, ${this.#stay()} * (0.5 + Math.random()));
      };
      open();
      globalThis.take = () => {
        const taken = items;
        items = [];
        return { items: taken, readyState: source.readyState };
      };`);
  }
}

function keptOf(envelope: string): Kept {
  const { id, time, data } = JSON.parse(envelope);
  return { text: data, id, time };
}
