import { expect, test } from "bun:test";
import { startConfigured } from "../../configured.ts";

/** Sends a beginning, then a byte now and then; resolves to what came back when the hub hangs up. */
function sendSlowly(url: string, beginning: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  let timer: ReturnType<typeof setInterval>;
  Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(beginning);
        timer = setInterval(() => socket.write("x"), 50);
      },
      data(_, bytes) {
        answer += bytes.toString();
      },
      close() {
        clearInterval(timer);
        resolve(answer);
      },
    },
  });
  return promise;
}

const head = (length: number) =>
  `POST /publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

/** Reads on until the text is there. */
async function readUntil(wanted: string, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  for (let text = ""; !text.includes(wanted); ) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended before ${wanted}: ${text}`);
    text += new TextDecoder().decode(value);
  }
}

async function openStream(url: string, init: RequestInit = {}) {
  const { body } = await fetch(url, init);
  if (!body) throw new Error("an answer without a body");
  return body.getReader();
}

test("what trickles in is not waited for, and streams outlive every time-out", async () => {
  const flags = ["--idle-timeout", "1s", "--body-timeout", "1s", "--keep-alive", "0"];
  const { url, broker } = await startConfigured(flags);
  const events = await openStream(`${url}/events`);
  const body = new TransformStream<string, string>();
  const lines = body.writable.getWriter();
  const publish = (type: string) => lines.write(`${JSON.stringify({ type, data: 1 })}\n`);
  void publish("early");
  const answers = await openStream(`${url}/publish/stream`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: body.readable.pipeThrough(new TextEncoderStream()),
  });
  await readUntil('"recipients":1', answers);

  // A head has the runtime's own 10 to 12 s.
  const headed = "HEAD /events HTTP/1.1\r\nhost: localhost\r\n\r\nG";
  const slow = [headed, "G", "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ", `${head(1000)}{`];
  const ends = await Promise.all(slow.map((beginning) => sendSlowly(url, beginning)));
  expect(ends[0]).toStartWith("HTTP/1.1 200 OK\r\n");
  expect(ends.slice(1, 3)).toEqual(["", ""]);
  expect(ends[3]).not.toContain("200 OK");
  expect(broker.totals.published).toBe(1);

  void publish("late");
  await readUntil('"recipients":1', answers);
  await readUntil("event: late", events);
  await lines.close();
});

test("--body-timeout: a large body that trickles in is refused, and its connection ended", async () => {
  const { url, broker } = await startConfigured(["--body-timeout", "100ms"]);
  const answer = await sendSlowly(url, `${head(1_000_000)}{`);
  expect(answer).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
  expect(answer).toContain("a body takes 0.1 s at most");
  expect(broker.totals.published).toBe(0);
});
