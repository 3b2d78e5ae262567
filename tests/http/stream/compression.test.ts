import { describe, expect, test } from "bun:test";
import { createGunzip, createZstdDecompress, gunzipSync, zstdDecompressSync } from "node:zlib";
import { Broker } from "../../../src/broker/broker.ts";
import {
  compressing,
  SharedBlocks,
  STREAM_CODINGS,
  type StreamCoding,
} from "../../../src/http/stream/compression.ts";
import { isHubEvent } from "../../../src/protocol/hub-events.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../../browser.ts";
import { readWithCurl } from "../../curl.ts";
import { startHub } from "../../hub.ts";
import { read } from "../../protocol/read.ts";
import { until } from "../../until.ts";
import { Reader } from "../reader.ts";

/** Data of a size that is sent as it is, of one that is compressed, and of one that comes in pieces. */
const SMALL = "small";
const LARGE = Array.from({ length: 60 }, (_, i) => ({ id: i * 7919, name: `größe ${i}`, tags: ["a", "b"] }));
const HUGE = Array.from({ length: 9000 }, (_, i) => `${i * 7919} of a great many`);

const decoders: Record<StreamCoding, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => gunzipSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
};

async function publish(broker: Broker): Promise<void> {
  for (const data of [SMALL, LARGE, HUGE]) await broker.publishBatch([{ type: "update", data }]);
  await broker.publishBatch([SMALL, LARGE, SMALL].map((data) => ({ type: "batch", data })));
}

const EXPECTED = [
  ["update", SMALL],
  ["update", LARGE],
  ["update", HUGE],
  ["batch", SMALL],
  ["batch", LARGE],
  ["batch", SMALL],
] as const;

/** All of a stream that the hub ends, as it was sent. */
async function rawStream(coding: string): Promise<{ response: Response; bytes: Uint8Array }> {
  const broker = new Broker({ keepAlive: 20 });
  const { url } = startHub({ broker });
  const response = await fetch(`${url}/events`, {
    headers: { "accept-encoding": coding },
    decompress: false,
  });
  const bytes = response.bytes();
  const other = await Reader.open(`${url}/events`);
  // The hub sends it to all at once.
  await other.comment();
  await publish(broker);
  await broker.close();
  return { response, bytes: await bytes };
}

const streamingDecoders = { gzip: createGunzip, zstd: createZstdDecompress };

describe.each(STREAM_CODINGS)("%s", (coding) => {
  test("each write is all there for a streaming decoder before the next one comes", async () => {
    const decoder = streamingDecoders[coding]();
    const written: Uint8Array[] = [];
    let read = "";
    decoder.on("data", (bytes: Uint8Array) => {
      read += Buffer.from(bytes).toString();
    });
    const sink = compressing(coding, {
      enqueue(bytes) {
        written.push(bytes);
        decoder.write(bytes);
      },
      close() {},
    });
    let expected = "";
    for (const length of [1, 60, 255, 256, 5000, 60_000]) {
      const text = Array.from({ length }, (_, i) => i % 10).join("");
      expected += text;
      sink.enqueue(new TextEncoder().encode(text));
      await until(() => read.length >= expected.length);
      expect(read).toBe(expected);
      // zlib yields what it has; Go's inflater waits for an empty stored block (RFC 1951, section 3.2.4).
      if (coding === "gzip") expect(written.at(-1)?.slice(-4)).toEqual(Uint8Array.of(0, 0, 0xff, 0xff));
    }
    decoder.destroy();
  });

  test("curl reads each event before the next is published", async () => {
    const broker = new Broker({ keepAlive: 0 });
    const { url } = startHub({ broker });
    const curl = readWithCurl(`${url}/events`, "--compressed", "-H", `accept-encoding: ${coding}`);
    await curl.line("event: connected");
    for (const data of ["a", "b".repeat(500), "c"]) {
      await broker.publish({ type: "update", data });
      await curl.line(`data: ${JSON.stringify(data)}`);
    }
  });

  test("a client that hangs up is removed without being written to", async () => {
    const broker = new Broker({ keepAlive: 0 });
    const { url } = startHub({ broker });
    const reader = await Reader.open(`${url}/events`, { "accept-encoding": coding });
    await reader.next();
    expect(broker.clientCount).toBe(1);
    reader.leave();
    await until(() => broker.clientCount === 0);
  });

  test("is a whole stream of that coding when the hub ends it, and a smaller one", async () => {
    const { response, bytes } = await rawStream(coding);
    expect(response.headers.get("content-encoding")).toBe(coding);
    expect(response.headers.get("vary")?.toLowerCase()).toContain("accept-encoding");
    const plain = await rawStream("identity");
    expect(plain.response.headers.has("content-encoding")).toBe(false);
    expect(plain.response.headers.get("vary")?.toLowerCase()).toContain("accept-encoding");

    const text = Buffer.from(decoders[coding](bytes)).toString();
    expect(text).toStartWith("retry: 3000\nevent: connected\n");
    expect(text).toContain(": keepalive\n");
    const { events } = read([Buffer.from(text)]);
    const data = events.filter(({ event = "" }) => !isHubEvent(event)).map(({ data }) => JSON.parse(data));
    expect(data).toEqual(EXPECTED.map(([, one]) => one));
    expect(bytes.length).toBeLessThan(plain.bytes.length / 2);
  });

  test("reaches a reader event by event, live and in replay", async () => {
    const broker = new Broker();
    const { url } = startHub({ broker });
    const headers = { "accept-encoding": coding };
    const reader = await Reader.open(`${url}/events`, headers);
    await reader.next();
    for (const data of [LARGE, SMALL]) {
      await broker.publishBatch([{ type: "update", data }]);
      // The next is published when this one is here: none waits in the coding for one after it.
      expect(await reader.take(1)).toEqual([["update", data]]);
    }
    const resumed = await Reader.open(`${url}/events?last_event_id=earliest`, headers);
    await resumed.next();
    expect(await resumed.take(3)).toEqual([
      ["update", LARGE],
      ["update", SMALL],
      ["tidings.resumed", { from: "earliest", count: 2 }],
    ]);
  });

  test("compresses once for all streams, in pieces too", () => {
    const sent: Uint8Array[][] = [[], []];
    const sinks = sent.map((chunks) =>
      compressing(coding, { enqueue: (chunk) => chunks.push(chunk), close() {} }),
    );
    const chunk = new TextEncoder().encode(JSON.stringify(HUGE));
    for (const sink of sinks) {
      sink.enqueue(chunk.subarray(0, 1000));
      sink.enqueue(chunk.subarray(1000));
    }
    for (const i of [1, 2]) expect(sent[0]?.at(-i)).toBe(sent[1]?.at(-i) as Uint8Array);
  });

  test("is read by curl --compressed", async () => {
    if (!Bun.which("curl")) throw new Error("there is no curl");
    const broker = new Broker();
    const { url } = startHub({ broker });
    const accepted = `accept-encoding: ${coding}`;
    const command = ["curl", "-sSN", "--compressed", "-H", accepted, `${url}/events`];
    const curl = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
    await until(() => broker.clientCount > 0);
    await publish(broker);
    await broker.close();
    const text = await new Response(curl.stdout).text();
    expect(await curl.exited).toBe(0);
    expect([...(text.match(/^event: .*$/gm) ?? [])]).toEqual(
      ["connected", ...EXPECTED.map(([type]) => type)].map((type) => `event: ${type}`),
    );
    expect(text).toContain(`data: ${JSON.stringify(HUGE)}\n`);
  });

  test.skipIf(browserless)(
    "is read by Chromium's EventSource",
    async () => {
      const broker = new Broker({ keepAlive: 50 });
      const { url } = startHub({ broker });
      const page = await openPage(`${url}/status`);
      // Chromium names all that it knows; the hub would choose for itself.
      await page.route("**/events", (route) =>
        route.continue({ headers: { ...route.request().headers(), "accept-encoding": coding } }),
      );
      const received = page.evaluate(
        (count) =>
          new Promise<[string, unknown][]>((resolve) => {
            const events: [string, unknown][] = [];
            const source = new EventSource("/events");
            for (const type of ["update", "batch"]) {
              source.addEventListener(type, ({ data }) => {
                events.push([type, JSON.parse(data)]);
                if (events.length === count) resolve(events);
              });
            }
          }),
        EXPECTED.length,
      );
      await until(() => broker.clientCount > 0);
      await publish(broker);
      expect(await received).toEqual(EXPECTED.map((event) => [...event]));
    },
    BROWSER_TIMEOUT,
  );
});

test("blocks are made anew for other bytes in the same place", () => {
  const blocks = new SharedBlocks((chunk) => chunk.slice());
  const bytes = new Uint8Array(100);
  expect(blocks.of(bytes.subarray(0, 50))).toHaveLength(50);
  expect(blocks.of(bytes.subarray(0, 60))).toHaveLength(60);
  expect(blocks.of(new Uint8Array(60).fill(1))[0]).toBe(1);
});
