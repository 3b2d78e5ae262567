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

test("what trickles in is not waited for, and a stream outlives every time-out", async () => {
  const flags = ["--idle-timeout", "1s", "--body-timeout", "1s", "--keep-alive", "0"];
  const { url, broker } = await startConfigured(flags);
  const reader = (await fetch(`${url}/events`)).body?.getReader();
  // A head has the runtime's own 10 to 12 s.
  const headed = "HEAD /events HTTP/1.1\r\nhost: localhost\r\n\r\nG";
  const slow = [headed, "G", "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ", `${head(1000)}{`];
  const answers = await Promise.all(slow.map((beginning) => sendSlowly(url, beginning)));
  expect(answers[0]).toStartWith("HTTP/1.1 200 OK\r\n");
  expect(answers.slice(1, 3)).toEqual(["", ""]);
  expect(answers[3]).not.toContain("200 OK");
  expect(broker.totals.published).toBe(0);

  broker.broadcast({ type: "late", data: 1 });
  let text = "";
  for (let done = false; !done && !text.includes("event: late"); ) {
    const read = await reader?.read();
    done = read?.done ?? true;
    text += new TextDecoder().decode(read?.value);
  }
  expect(text).toContain("event: late");
}, 30_000);

test("--body-timeout: a large body that trickles in is refused, and its connection ended", async () => {
  const { url, broker } = await startConfigured(["--body-timeout", "100ms"]);
  const answer = await sendSlowly(url, `${head(1_000_000)}{`);
  expect(answer).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
  expect(answer).toContain("a body takes 0.1 s at most");
  expect(broker.totals.published).toBe(0);
}, 20_000);
