import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { read } from "../protocol/read.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { publish, statusOf } from "./hub-client.ts";

const STALLED = 200;
const MIB = 1024 * 1024;

/** A megabyte of events. */
const megabyte = Array.from({ length: 50 }, (_, n) => ({ type: "n", data: { n, text: "x".repeat(20_000) } }));

async function publishMegabytes(url: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect((await publish(url, megabyte)).status).toBe(200);
}

/** A client that opens a stream and reads nothing. */
function openStalled(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  socket.on("error", () => {});
  socket.write(`GET /events HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

/** The most memory that the process has had, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/status`).text();
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

test(`${STALLED} clients that stop reading cost next to nothing, and nobody else notices`, async () => {
  const hub = await serveBinary(emptyFolder(), "--history-bytes", "1MiB", "--max-clients-per-address", "0");
  const quick = await Reader.open(`${hub.url}/events`);
  await quick.next();
  // What publishing alone takes, it has taken by then, give or take what the heap swings by.
  const count = 40;
  await Promise.all([publishMegabytes(hub.url, 2 * count), quick.take(2 * 50 * count)]);
  const before = await peakMemory(hub.pid);

  const stalled = await Promise.all(Array.from({ length: STALLED }, () => openStalled(hub.url)));
  await until(async () => (await statusOf(hub.url)).connected_clients >= STALLED + 1);
  const [, events] = await Promise.all([publishMegabytes(hub.url, count), quick.take(50 * count)]);
  expect(events).toHaveLength(50 * count);
  const grown = (await peakMemory(hub.pid)) - before;
  console.log(`${STALLED} stalled clients, ${count} MB published: ${Math.round(grown / MIB)} MiB more`);
  // Had each of them a queue, it would be 8,000.
  expect(grown).toBeLessThan(200 * MIB);

  // They read on, and are told that the log no longer reaches back.
  for (const socket of stalled) socket.resume();
  await until(async () => (await statusOf(hub.url)).totals.gaps >= STALLED);
  expect((await statusOf(hub.url)).connected_clients).toBe(STALLED + 1);
}, 60_000);

test("who reads on in time has missed nothing", async () => {
  const hub = await serveBinary(emptyFolder());
  const socket = await openStalled(hub.url);
  await until(async () => (await statusOf(hub.url)).connected_clients >= 1);
  await publishMegabytes(hub.url, 20);
  const chunks: Buffer[] = [];
  let length = 0;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  socket.resume();
  await until(() => length > 20 * 50 * 20_000);
  const events = () => read(chunksOf(Buffer.concat(chunks))).events.filter(({ event }) => event === "n");
  await until(() => events().length === 1000);
  expect(events().map(({ data }) => JSON.parse(data).n)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i % 50),
  );
  socket.destroy();
}, 60_000);

test("one that reads a byte at a time, and one that reads nothing, are ended when --stall-timeout is over", async () => {
  const hub = await serveBinary(emptyFolder(), "--stall-timeout", "1s");
  const quick = await Reader.open(`${hub.url}/events`);
  await quick.next();
  const nothing = await openStalled(hub.url);
  const ended = new Promise((resolve) => nothing.once("close", resolve));
  const { hostname, port } = new URL(hub.url);
  const bytewise = Bun.spawn(
    [
      "bash",
      "-c",
      `exec 3<>/dev/tcp/${hostname}/${port}; printf 'GET /events HTTP/1.1\\r\\nHost: ${hostname}:${port}\\r\\n\\r\\n' >&3;
      while dd bs=1 count=1 <&3 2>/dev/null | grep -q .; do sleep 0.05; done; exec sleep 60`,
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  try {
    await until(async () => (await statusOf(hub.url)).connected_clients >= 3);
    await Promise.all([publishMegabytes(hub.url, 20), quick.take(1000)]);
    await until(async () => (await statusOf(hub.url)).totals.removed.stalled >= 2);
    expect((await statusOf(hub.url)).connected_clients).toBe(1);
    await publish(hub.url, { type: "after", data: 1 });
    expect(await quick.take(1)).toEqual([["after", 1]]);
    // It is told by the connection's end, though it has not read what came before.
    nothing.resume();
    await ended;
  } finally {
    bytewise.kill("SIGKILL");
    await bytewise.exited;
  }
}, 60_000);

/** The chunks of a body in chunked encoding (RFC 9112, section 7.1), without its head. */
function chunksOf(response: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  let at = response.indexOf("\r\n\r\n") + 4;
  for (;;) {
    const end = response.indexOf("\r\n", at);
    if (end < 0) return chunks;
    const size = Number.parseInt(response.toString("latin1", at, end), 16);
    const begin = end + 2;
    if (!(size > 0) || begin + size > response.length) return chunks;
    chunks.push(response.subarray(begin, begin + size));
    at = begin + size + 2;
  }
}
