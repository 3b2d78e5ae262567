import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { killAfterwards } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { statusOf } from "./hub-client.ts";

const CLIENTS = 1000;
const EVENTS = 100;
const MiB = 1024 ** 2;

test("1,000 clients come, receive 100 events each and leave; their memory comes back", async () => {
  const { url } = await serveBinary(emptyFolder());
  // The first round also brings what stays: code that is compiled, tables that have grown.
  await round(url);
  const { memory } = await settled(url);
  const rounds = 2;
  for (let n = 0; n < rounds; n++) await round(url);
  // Until it is so: a hub that keeps what it took never comes to it.
  await until(async () => (await settled(url)).memory <= memory + 10 * MiB);
}, 120_000);

test("a client that is killed leaves", async () => {
  const { url } = await serveBinary(emptyFolder());
  const child = Bun.spawn(["curl", "-sN", `${url}/events`], { stdio: ["ignore", "pipe", "inherit"] });
  killAfterwards(child);
  await child.stdout.getReader().read();
  expect((await statusOf(url)).connected_clients).toBe(1);
  child.kill("SIGKILL");
  await settled(url);
});

/** How the hub is when every client has left. */
async function settled(url: string) {
  await until(async () => (await statusOf(url)).connected_clients === 0);
  return statusOf(url);
}

/** Clients connect, have all events, and hang up without a word. */
async function round(url: string): Promise<void> {
  const sockets: Socket[] = [];
  const received = Array.from({ length: CLIENTS }, (_, i) => receive(url, (socket) => (sockets[i] = socket)));
  await until(async () => (await statusOf(url)).connected_clients === CLIENTS);
  for (let n = 0; n < EVENTS; n++)
    await post(`${url}/publish`, { type: "n", data: { n }, topics: ["orders/1"] });
  await Promise.all(received);
  for (const socket of sockets) socket.destroy();
}

/** Resolves when a client has had every event, once and in order. */
function receive(url: string, opened: (socket: Socket) => void): Promise<void> {
  const { host, hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  opened(socket);
  socket.write(`GET /events?topic=orders/* HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  let next = 0;
  let rest = "";
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      const frames = (rest + bytes).split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) {
        if (!frame.includes("event: n\n")) continue;
        if (!frame.includes(`data: {"n":${next++}}`)) reject(new Error(`not event ${next - 1}: ${frame}`));
      }
      if (next === EVENTS) resolve();
    });
  });
}
