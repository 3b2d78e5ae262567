import type { AnyEvents } from "../../../src/sdk/index.ts";
import { createPublisher } from "../../../src/sdk/index.ts";
import type { History } from "./history.ts";
import { randomOf } from "./plan.ts";

/** Where publishers and readers find the hub: at each node, or at one proxy for all. */
export interface Addresses {
  readonly urls: readonly string[];
  /** The node that answered, where a header or the address tells it. */
  nodeOf(url: string, answer?: Response): number | undefined;
}

interface Outgoing {
  readonly type: "n";
  readonly data: string;
  readonly id?: string;
}

/** The longest that one try may take, in milliseconds. */
const TRY_MS = 15_000;
/** How often a publisher erases an event after it has published some. */
const ERASES = 0.15;
/** Of how many that were published last: what Redis loses is among them. */
const ERASES_OF = 20;
/** Answers that say that the publisher is wrong, which none here is. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 429;

const WAYS = [
  "sdk",
  "sdk batch",
  "stream",
  "one without an id",
  "batch without ids",
  "stream without ids",
] as const;
type Way = (typeof WAYS)[number];

/** Publishers in every way there is, through every node, until they are stopped. */
export class Publishers {
  readonly #addresses: Addresses;
  readonly #history: History;
  readonly #random: () => number;
  readonly #running: Promise<void>[];
  /** Acknowledged, under ids of their own. */
  readonly #erasable: Outgoing[] = [];
  #stopped = false;
  #count = 0;

  constructor(addresses: Addresses, history: History, seed: number) {
    this.#addresses = addresses;
    this.#history = history;
    this.#random = randomOf(seed + 1);
    this.#running = WAYS.map((way) => this.#publishAll(way));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /** One event through this address, tried until it is acknowledged. Resolves to its text. */
  async probe(url: string): Promise<string> {
    const event = this.#event(true);
    while (!(await this.#sdk(url, [event], false))) await Bun.sleep(50);
    return event.data;
  }

  async #publishAll(way: Way): Promise<void> {
    while (!this.#stopped) {
      const hasIds = !way.includes("without");
      const count = way === "sdk" || way.startsWith("one") ? 1 : 1 + Math.floor(this.#random() * 6);
      const events = Array.from({ length: count }, () => this.#event(hasIds));
      // What has no id is of unknown outcome when it fails, and is not sent again.
      let isKept = await this.#publish(way, events);
      for (; !isKept && hasIds && !this.#stopped; isKept = await this.#publish(way, events))
        await Bun.sleep(50);
      if (isKept && hasIds) this.#erasable.push(...events);
      if (this.#random() < ERASES) await this.#erase();
      await Bun.sleep(80 + 160 * this.#random());
    }
  }

  #event(hasId: boolean): Outgoing {
    const data = `e${++this.#count}`;
    return { type: "n", data, ...(hasId && { id: `id of ${data}` }) };
  }

  /** Erases one of the newest events. When that fails, its outcome is unknown, and it is not tried again. */
  async #erase(): Promise<void> {
    const index = Math.max(0, this.#erasable.length - 1 - Math.floor(ERASES_OF * this.#random()));
    const [event] = this.#erasable.splice(index, 1);
    if (!event) return;
    const url = this.#url();
    const asked = performance.now();
    this.#history.erasing(event.data);
    const answer = await fetch(`${url}/history/${encodeURIComponent(event.id ?? "")}`, {
      ...{ method: "DELETE", signal: AbortSignal.timeout(TRY_MS) },
    }).catch(() => undefined);
    if (answer?.ok) this.#history.erased(event.data, this.#addresses.nodeOf(url, answer), asked);
  }

  #publish(way: Way, events: readonly Outgoing[]): Promise<boolean> {
    const url = this.#url();
    if (way.startsWith("sdk")) return this.#sdk(url, events, way === "sdk batch");
    if (way.startsWith("stream")) return this.#stream(url, events);
    return this.#post(url, events, way.startsWith("batch"));
  }

  #url(): string {
    const { urls } = this.#addresses;
    return urls[Math.floor(this.#random() * urls.length)] ?? "";
  }

  async #sdk(url: string, events: readonly Outgoing[], isBatch: boolean): Promise<boolean> {
    const asked = performance.now();
    let node: number | undefined;
    const publisher = createPublisher<AnyEvents>({
      ...{ url, timeout: TRY_MS, retries: 1 },
      fetch: async (address, init) => {
        const answer = await fetch(address, init);
        node = this.#addresses.nodeOf(url, answer);
        return answer;
      },
    });
    try {
      const [first] = events;
      if (!first) return true;
      const ids = isBatch
        ? (await publisher.publishBatch(events)).ids
        : [(await publisher.publish(first.type, first.data, { id: first.id })).id];
      for (const [i, { data }] of events.entries()) this.#acknowledged(data, ids[i], node, asked);
      return true;
    } catch (error) {
      const status = Object(error).status;
      if (typeof status === "number" && isRefusal(status)) this.#refused(events, `${error}`);
      return false;
    }
  }

  async #post(url: string, events: readonly Outgoing[], isBatch: boolean): Promise<boolean> {
    const asked = performance.now();
    const body = JSON.stringify(isBatch ? events : events[0]);
    const answer = await this.#send(`${url}/publish${isBatch ? "/batch" : ""}`, body, "application/json");
    if (!answer?.ok) return false;
    const { id, ids } = JSON.parse(answer.text) as { id?: string; ids?: string[] };
    const node = this.#addresses.nodeOf(url, answer.response);
    for (const [i, { data }] of events.entries()) this.#acknowledged(data, ids?.[i] ?? id, node, asked);
    return true;
  }

  /** One line an event, of which each is acknowledged by a line, as far as the stream comes. */
  async #stream(url: string, events: readonly Outgoing[]): Promise<boolean> {
    const asked = performance.now();
    const body = events.map((event) => `${JSON.stringify(event)}\n`).join("");
    const answer = await this.#send(`${url}/publish/stream`, body, "application/x-ndjson");
    if (!answer) return false;
    const node = this.#addresses.nodeOf(url, answer.response);
    let count = 0;
    for (const line of answer.text.split("\n")) {
      const acknowledged = parse(line);
      const data = events[count]?.data;
      if (data === undefined || acknowledged?.id === undefined) break;
      this.#acknowledged(data, acknowledged.id, node, asked);
      count++;
    }
    return count === events.length;
  }

  async #send(
    url: string,
    body: string,
    type: string,
  ): Promise<{ ok: boolean; text: string; response: Response } | undefined> {
    const signal = AbortSignal.timeout(TRY_MS);
    let response: Response;
    try {
      response = await fetch(url, { method: "POST", headers: { "content-type": type }, body, signal });
    } catch {
      return undefined;
    }
    const text = await textSoFar(response);
    if (isRefusal(response.status)) this.#refused([body], text);
    return { ok: response.ok, text, response };
  }

  #acknowledged(text: string, id: string | undefined, node: number | undefined, asked: number): void {
    this.#history.acknowledged(text, id ?? "", node, asked);
  }

  #refused(what: readonly unknown[], why: string): void {
    this.#history.violations.push(`a publisher was refused: ${why} (${JSON.stringify(what)})`);
  }
}

/** What came of a body before it broke off. */
async function textSoFar({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch {
    // The rest of it is of unknown outcome.
  }
  return text;
}

function parse(line: string): { id?: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
