import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { type AppOptions, createApp } from "../../../src/app.ts";
import { OPEN } from "../../../src/auth/grant.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { readLines } from "../../../src/cli/event-line.ts";
import { flagRemedies } from "../../../src/config/remedies.ts";
import { openAccess } from "../../../src/http/access/access.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import type { Batch } from "../../../src/log/store.ts";
import { silent } from "../../../src/logger.ts";
import { listen } from "../../../src/server/listener.ts";
import { defer } from "../../defer.ts";

async function startHub({ broker = new Broker(), ...options }: Partial<AppOptions> = {}) {
  const listener = await listen(
    createApp({ remedies: flagRemedies, logger: silent, broker, access: openAccess, ...options }),
    {
      host: "127.0.0.1",
      port: 0,
      idleTimeout: 1,
      stallTimeout: 0,
    },
  );
  defer(() => listener.stop());
  return { broker, url: listener.url };
}

type Answer = Record<string, unknown>;

/** A sender with nothing but a socket: what goes over the wire, and when, is its own. */
class Sender {
  readonly socket: Socket;
  readonly #lines: AsyncGenerator<string, void, void>;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    defer(() => this.socket.destroy());
    this.#lines = readLines(this.socket);
    this.socket.write(
      `POST /publish/stream HTTP/1.1\r\nHost: ${hostname}\r\nTransfer-Encoding: chunked\r\n` +
        "Content-Type: application/x-ndjson\r\n\r\n",
    );
  }

  send(text: string): void {
    this.socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  end(): void {
    this.socket.write("0\r\n\r\n");
  }

  /** The next answer; undefined when there are no more. Passes over HTTP's own lines. */
  async answer(): Promise<Answer | undefined> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done || value === "0") return undefined;
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }
}

const line = (type: string, data: unknown, more: object = {}) =>
  `${JSON.stringify({ type, data, ...more })}\n`;

test("each line is answered as it is kept, while the stream stays open", async () => {
  const { url, broker } = await startHub();
  const sender = new Sender(url);
  for (let n = 0; n < 3; n++) {
    sender.send(line("n", n, { id: `n${n}` }));
    expect(await sender.answer()).toEqual({ id: `n${n}`, recipients: 0 });
    expect(broker.totals.published).toBe(n + 1);
  }
  // In any pieces, with any line end, and with blank lines between.
  for (const piece of [
    '{"type":"n","da',
    'ta":"gr',
    "ö",
    'ße"}\r',
    "\n\n  \r\n",
    '{"type":"n",',
    '"data":4}',
  ]) {
    sender.send(piece);
  }
  expect(await sender.answer()).toMatchObject({ recipients: 0 });
  sender.end();
  expect(await sender.answer()).toMatchObject({ recipients: 0 });
  expect(await sender.answer()).toBeUndefined();
  expect(broker.totals.published).toBe(5);
});

test("a bad line is answered with its problem and number, and the stream goes on", async () => {
  const { url, broker } = await startHub({
    limits: { maxEvent: 1000 },
    access: () => ({ ...OPEN, publish: { topics: ["*"], types: ["n", "trace-update"] } }),
  });
  const sender = new Sender(url);
  sender.send(
    [
      line("n", 1, { id: "one" }),
      "\n",
      "nope\n",
      line("trace-update", { trace_id: "t", span_count: -1 }),
      line("other", 1),
      line("n", "x".repeat(1000)),
      line("n", 2, { id: "one" }),
      line("n", 1, { id: "one" }),
      line("n", 3, { id: "three" }),
    ].join(""),
  );
  sender.end();
  const answers: unknown[] = [];
  for (let answer = await sender.answer(); answer; answer = await sender.answer()) {
    const { status, line, errors, ...receipt } = answer;
    answers.push(status === undefined ? receipt : [line, status, errors]);
  }
  expect(answers).toEqual([
    { id: "one", recipients: 0 },
    [3, 400, undefined],
    [4, 422, [{ path: "/data/span_count", message: "Expected integer to be greater or equal to 0" }]],
    [5, 403, undefined],
    [6, 413, undefined],
    [7, 409, undefined],
    { id: "one", recipients: 0, duplicate: true },
    { id: "three", recipients: 0 },
  ]);
  expect(broker.totals.published).toBe(2);
});

test("a line without end is answered when it does end", async () => {
  const { url } = await startHub({ limits: { maxEvent: 10_000 } });
  const sender = new Sender(url);
  for (let n = 0; n < 200; n++) {
    sender.send("x".repeat(256 * 1024));
    if (sender.socket.writableNeedDrain) await new Promise((resolve) => sender.socket.once("drain", resolve));
  }
  sender.send("\n");
  expect(await sender.answer()).toMatchObject({ status: 413, line: 1 });
  sender.send(line("n", 1));
  expect(await sender.answer()).toMatchObject({ recipients: 0 });
});

test("the stream ends when no later line could fare better", async () => {
  let expires = Date.now() + 60_000;
  const grant = {
    ...OPEN,
    get expires() {
      return expires;
    },
  };
  const { url } = await startHub({ access: () => grant });
  const sender = new Sender(url);
  sender.send(line("n", 1));
  expect(await sender.answer()).toMatchObject({ recipients: 0 });
  expires = Date.now();
  sender.send(line("n", 2));
  expect(await sender.answer()).toMatchObject({ status: 401, line: 2 });
  expect(await sender.answer()).toBeUndefined();
});

test("a hub that stops ends the stream in words, after it has answered all that it took", async () => {
  const { url, broker } = await startHub();
  const sender = new Sender(url);
  sender.send(line("n", 1));
  expect(await sender.answer()).toMatchObject({ recipients: 0 });
  // Half of one is none.
  sender.send('{"type":"n",');
  const drained = broker.drain(0);
  const last = await sender.answer();
  expect(last).toMatchObject({ status: 503, detail: "the hub is stopping" });
  expect(last).not.toHaveProperty("line");
  expect(await sender.answer()).toBeUndefined();
  await drained;
  const late = await fetch(`${url}/publish/stream`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: line("n", 2),
  });
  expect(late.status).toBe(503);
  expect(broker.totals.published).toBe(1);
});

test("what is no NDJSON, or comes from somebody who may not publish, is refused before it is read", async () => {
  const reading = await startHub({ access: () => ({ subscribe: ["*"], privateTopics: [] }) });
  const open = await startHub();
  const post = async ({ url }: { url: string }, type: string) =>
    (await fetch(`${url}/publish/stream`, { method: "POST", headers: { "content-type": type }, body: "x" }))
      .status;
  expect(await post(open, "text/plain")).toBe(415);
  expect(await post(reading, "application/x-ndjson; charset=utf-8")).toBe(403);
});

test("a sender that is too fast for its rate is slowed down, not refused", async () => {
  const { url } = await startHub({ limits: { publishRate: 100 } });
  const sender = new Sender(url);
  sender.send(Array.from({ length: 120 }, (_, n) => line("n", n)).join(""));
  for (let n = 0; n < 120; n++) expect(await sender.answer()).toMatchObject({ recipients: 0 });
});

/** A store that keeps nothing until it is opened. */
class GatedStore extends MemoryStore {
  readonly gate = Promise.withResolvers<void>();

  override async append(batches: readonly Batch[]) {
    await this.gate.promise;
    return super.append(batches);
  }
}

/** The kernel's buffers may hold some twenty MiB of it; one that is not held back never comes to an end. */
const MOST_UNDERWAY = 64 * 1024 ** 2;

/** Sends so many lines at a time until the socket takes no more for good; how many went, in all. */
async function sendUntilFull(sender: Sender, text: string, atATime: number): Promise<number> {
  const { socket } = sender;
  let lines = 0;
  let before = -1;
  for (let still = 0; still < 30; ) {
    if (socket.writableLength < 1024 ** 2) {
      sender.send(text.repeat(atATime));
      lines += atATime;
      still = 0;
    } else {
      await Bun.sleep(10);
      still = socket.writableLength === before ? still + 1 : 0;
      before = socket.writableLength;
    }
  }
  return lines;
}

test("a store that is slow holds the sender back", async () => {
  const store = new GatedStore();
  const { url } = await startHub({ broker: new Broker({ store }) });
  const sender = new Sender(url);
  const lines = await sendUntilFull(sender, line("n", "x".repeat(1000)), 64);
  expect(lines * 1000).toBeLessThan(MOST_UNDERWAY);
  store.gate.resolve();
  sender.end();
  let answered = 0;
  while (await sender.answer()) answered++;
  expect(answered).toBe(lines);
});

test("a sender that does not read the answers is held back", async () => {
  const { url } = await startHub();
  const sender = new Sender(url);
  sender.socket.pause();
  // An answer is as long as its id, and each is answered, however often it comes.
  const lines = await sendUntilFull(sender, line("n", 1, { id: "x".repeat(1000) }), 64);
  expect(lines * 1000).toBeLessThan(MOST_UNDERWAY);
  sender.end();
  let answered = 0;
  while (await sender.answer()) answered++;
  expect(answered).toBe(lines);
});

const curl = Bun.which("curl");
test.skipIf(curl === null)("curl -T . publishes what it is given, as it is given", async () => {
  const { url } = await startHub();
  const child = Bun.spawn(
    [
      curl ?? "",
      "-sN",
      "-T",
      ".",
      "-X",
      "POST",
      "-H",
      "content-type: application/x-ndjson",
      `${url}/publish/stream`,
    ],
    { stdin: "pipe", stdout: "pipe", stderr: "ignore" },
  );
  const lines = readLines(child.stdout);
  for (const id of ["one", "two"]) {
    child.stdin.write(line("n", 1, { id }));
    child.stdin.flush();
    expect(JSON.parse((await lines.next()).value ?? "")).toEqual({ id, recipients: 0 });
  }
  child.stdin.end();
  expect(await child.exited).toBe(0);
});
