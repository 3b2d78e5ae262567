import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Page } from "playwright-core";
import { encodeFrame, encodeRetry, joinFrames } from "../../src/protocol/frame.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { startHub } from "../hub.ts";
import { until } from "../until.ts";
import { eventId, hostileText, json, retry, topic, typeName } from "./arbitrary.ts";
import { cut } from "./read.ts";

/** An event as a page's EventSource hands it out. */
interface Seen {
  type: string;
  data: string;
  lastEventId: string;
}

const END = "end-of-test";
/** Makes the same events again, when a test tells it. */
const seed = Math.floor(Math.random() * 2 ** 31);

test.skipIf(browserless)(
  "what is encoded parses back to the same in a browser, wherever it is cut",
  async () => {
    const event = fc.record(
      { id: eventId, event: typeName, retry, data: json.map((value) => JSON.stringify(value)) },
      { requiredKeys: ["data", "event", "id"] },
    );
    const events = fc.sample(event, { numRuns: 500, seed });
    const bytes = joinFrames([encodeRetry(10), ...[...events, { event: END, data: "" }].map(encodeFrame)]);
    // Small pieces here and there, so that every part of a frame is cut somewhere.
    const places = fc.sample(fc.nat(bytes.length), { numRuns: bytes.length >> 5, seed });
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      routes: {
        "/": new Response("a page"),
        "/events": () => {
          const pieces = cut(bytes, places).values();
          return new Response(
            new ReadableStream<Uint8Array>({
              async pull(controller) {
                // A turn of the event loop each, so that they do not leave as one.
                await new Promise(setImmediate);
                const { done, value } = pieces.next();
                if (done) controller.close();
                else controller.enqueue(value);
              },
            }),
            { headers: { "content-type": "text/event-stream" } },
          );
        },
      },
    });
    try {
      const page = await openPage(server.url.href);
      const seen = await collect(page, [...new Set(events.map(({ event }) => event))]);
      expect(await seen(), `seed ${seed}`).toEqual(
        events.map(({ id, event, data }) => ({ type: event, data, lastEventId: id })),
      );
    } finally {
      await server.stop(true);
    }
  },
  BROWSER_TIMEOUT,
);

test.skipIf(browserless)(
  "nothing published can add a field or a frame: a browser has each accepted event as it was sent",
  async () => {
    const { url, broker } = startHub();
    const published = fc.record(
      {
        type: fc.oneof(typeName, hostileText),
        data: json,
        id: fc.oneof(eventId, hostileText),
        topics: fc.array(fc.oneof(topic, hostileText), { maxLength: 2 }),
        retry: fc.oneof(retry, fc.constantFrom(-1, 0.5, "1\nid: forged")),
      },
      { requiredKeys: ["type", "data"] },
    );
    const page = await openPage(`${url}/healthz`);
    const events = fc.sample(published, { numRuns: 2000, seed });
    const seen = await collect(page, [...new Set(events.map(({ type }) => type))], "/events");
    await until(() => broker.clientCount > 0);

    const accepted: Seen[] = [];
    const refused = new Map<number, number>();
    for (const event of events) {
      const response = await fetch(`${url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(event),
      });
      const answer = (await response.json()) as { id: string; duplicate?: boolean };
      if (!response.ok) {
        refused.set(response.status, (refused.get(response.status) ?? 0) + 1);
      } else if (!answer.duplicate) {
        // They are written as escapes, since some readers take them for line ends.
        const data = JSON.stringify(event.data).replace(/[\u0085\u2028\u2029]/g, escaped);
        accepted.push({ type: event.type, data, lastEventId: answer.id });
        if (event.id !== undefined) expect(answer.id).toBe(event.id);
      }
    }
    await broker.publishBatch([{ type: END, data: null }]);
    expect(await seen(), `seed ${seed}`).toEqual(accepted);
    // Some of both, or the test proves nothing.
    expect(accepted.length).toBeGreaterThan(100);
    expect([...refused.keys()].sort()).toContain(422);
    for (const status of refused.keys()) expect([409, 422]).toContain(status);
    expect(await page.evaluate("window.unexpected")).toEqual([]);
  },
  BROWSER_TIMEOUT,
);

/** Opens an EventSource; the result waits for the end of the test, and gives out what it had. */
async function collect(
  page: Page,
  types: readonly string[],
  path = "/events",
): Promise<() => Promise<Seen[]>> {
  await page.evaluate(
    ({ types, path, end }) => {
      const seen: Seen[] = [];
      const unexpected: string[] = [];
      const source = new EventSource(path);
      const ended = new Promise<void>((resolve) => source.addEventListener(end, () => resolve()));
      const take = (event: MessageEvent<string>) => {
        // The page's own event when the stream breaks; what was published as "error" has data.
        if (event.data === undefined) unexpected.push(event.type);
        else seen.push({ type: event.type, data: event.data, lastEventId: event.lastEventId });
      };
      for (const type of new Set([...types, "message", "error"])) source.addEventListener(type, take);
      const all = async () => {
        await ended;
        source.close();
        return seen;
      };
      Object.assign(window, { unexpected, all });
    },
    { types, path, end: END },
  );
  return () => page.evaluate("window.all()") as Promise<Seen[]>;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
