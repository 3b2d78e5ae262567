import { expect, test } from "bun:test";
import { connect } from "node:net";
import { startHub } from "../../hub.ts";
import { until } from "../../until.ts";

// What the manual says of requests that do not wait for the answer before them, in limits.md. When one of
// these fails with a new Bun, the manual is to be changed too.

const HEALTH = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

function publishing(data: number): string {
  const body = JSON.stringify({ type: "n", data });
  const head = ["POST /publish HTTP/1.1", "host: localhost", "content-type: application/json"];
  return [...head, `content-length: ${body.length}`, "", body].join("\r\n");
}

/** Sends the requests in one piece. */
function pipeline(url: string, ...requests: string[]) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString();
  });
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(requests.join(""));
  return {
    socket,
    ended,
    statuses: () => Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, code]) => code),
  };
}

test("requests that are answered at once may follow each other without waiting", async () => {
  const { url } = startHub();
  const { socket, statuses } = pipeline(url, HEALTH, HEALTH, HEALTH);
  await until(() => statuses().length === 3);
  expect(statuses()).toEqual(["200", "200", "200"]);
  socket.destroy();
});

test("a request right after a publish ends the connection: the event is kept, and nothing is answered", async () => {
  const { url, broker } = startHub();
  const { ended, statuses } = pipeline(url, publishing(1), publishing(2));
  await ended;
  expect(statuses()).toEqual([]);
  await until(() => broker.totals.published === 1);
  // The second one never reached the hub.
  await broker.publish({ type: "n", data: 3 });
  const { entries } = await broker.log.read(0, 10);
  expect(entries.map(({ json }) => json)).toEqual(["1", "3"]);
});

test("publishes that wait for their answers share a connection", async () => {
  const { url, broker } = startHub();
  const { socket, statuses } = pipeline(url, publishing(1));
  await until(() => statuses().length === 1);
  socket.write(publishing(2));
  await until(() => statuses().length === 2);
  expect(broker.totals.published).toBe(2);
  socket.destroy();
});
