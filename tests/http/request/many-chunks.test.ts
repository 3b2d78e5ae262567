import { expect, test } from "bun:test";
import { connect } from "node:net";
import { piecesOf } from "../../../src/http/request/body.ts";
import { turn } from "../../../src/timers.ts";
import { defer } from "../../defer.ts";
import { startHub } from "../../hub.ts";
import { postText } from "../../post.ts";

const CHUNKS = 100_000;

/** Sends a body of so many chunks of one byte each; resolves to the answer. */
function sendChunks(url: string, path: string, type: string, byte: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname);
  defer(() => socket.destroy());
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString();
  });
  socket.on("close", () => resolve(answer));
  const fields = `host: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\ncontent-type: ${type}`;
  socket.write(`POST ${path} HTTP/1.1\r\n${fields}\r\n\r\n${`1\r\n${byte}\r\n`.repeat(CHUNKS)}0\r\n\r\n`);
  return promise;
}

/** What this process has computed so far, in ms: on a busy machine it does not get all the time that passes. */
function computed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** How long the work took, and the longest of it in which nothing else had a turn, in ms of computing. */
async function longestTurn(work: Promise<unknown>): Promise<{ took: number; longest: number }> {
  const startedAt = computed();
  let last = startedAt;
  let longest = 0;
  let isDone = false;
  void work.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await turn();
    longest = Math.max(longest, computed() - last);
    last = computed();
  }
  return { took: last - startedAt, longest };
}

test("a body of as many chunks as bytes is read in large pieces", async () => {
  let pieces = 0;
  let length = 0;
  const server = Bun.serve({
    port: 0,
    async fetch({ body }) {
      for await (const piece of piecesOf(body)) {
        pieces++;
        length += piece.length;
      }
      return new Response();
    },
  });
  defer(() => server.stop(true));
  expect(await sendChunks(server.url.href, "/", "text/plain", " ")).toStartWith("HTTP/1.1 200");
  expect(length).toBe(CHUNKS);
  expect(pieces).toBeLessThan(CHUNKS / 20);
});

test.each([
  ["/publish", "application/json", " "],
  ["/publish/batch", "application/json", " "],
  ["/publish/stream", "application/x-ndjson", " "],
  ["/publish/stream", "application/x-ndjson", "\n"],
])("%s takes a body of as many chunks as bytes, as %s", async (path, type, byte) => {
  const { url } = startHub();
  const status = path === "/publish/stream" ? 200 : 400;
  expect(await sendChunks(url, path, type, byte)).toStartWith(`HTTP/1.1 ${status}`);
});

test("of a stream of blank lines, or of lines that are refused, no turn is long", async () => {
  const { url } = startHub();
  for (const body of ["\n".repeat(400_000), "{}\n".repeat(10_000)]) {
    const sent = postText(`${url}/publish/stream`, body, { "content-type": "application/x-ndjson" });
    const { took, longest } = await longestTurn(sent.then((response) => response.text()));
    expect(longest).toBeLessThan(took / 2);
  }
});

test("a large body that is no array is checked in turns", async () => {
  const { url } = startHub();
  const members = Array.from({ length: 150_000 }, (_, i) => `"name-${i}":${i}`).join(",");
  const sent = postText(`${url}/publish/batch`, `{${members}}`);
  const { took, longest } = await longestTurn(sent);
  expect((await sent).status).toBe(422);
  expect(longest).toBeLessThan(took / 2);
});
