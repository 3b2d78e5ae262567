import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { Elysia } from "elysia";
import { Broker, handleSSE, tidings } from "tidings";
import { readLines } from "../../../src/cli/event-line.ts";
import { killAfterwards } from "../../defer.ts";
import { emptyFolder } from "../../folder.ts";
import { freePort } from "../../free-port.ts";
import { Reader } from "../reader.ts";

test("app.stop() resolves while streams are open, and they get what was published before", async () => {
  const [hub, news] = [new Broker(), new Broker()];
  const app = new Elysia()
    .group("/live", (app) => app.use(tidings({ broker: hub })))
    .get("/news", handleSSE(news))
    .listen({ port: 0, hostname: "127.0.0.1" });
  const url = `http://127.0.0.1:${app.server?.port}`;
  const readers = [
    await Reader.open(`${url}/live/events`),
    await Reader.open(`${url}/live/events?topic=a`),
    await Reader.open(`${url}/news`),
  ];
  for (const reader of readers) await reader.next();
  hub.broadcast({ type: "last", data: 1 });
  news.broadcast({ type: "last", data: 1 });
  await app.stop();
  const rest = await Promise.all(readers.map((reader) => reader.take(2)));
  expect(rest).toEqual(readers.map(() => [["last", 1]]));
  expect([hub.clientCount, news.clientCount, hub.draining]).toEqual([0, 0, true]);
});

const root = resolve(import.meta.dir, "../../..");

/** An application of which `bun --hot` is told by a change of its text. */
const application = (broker: string, port: number, version: number) => `
import { Elysia } from ${JSON.stringify(join(root, "node_modules/elysia"))};
import { Broker, tidings } from ${JSON.stringify(join(root, "src/index.ts"))};
const broker = ${broker};
const app = new Elysia().use(tidings({ broker })).listen({ port: ${port}, hostname: "127.0.0.1" });
await broker.publish({ type: "version", data: ${version} });
console.log(app.server.url.origin);
`;

async function startHot(broker: string) {
  const path = join(emptyFolder(), "app.ts");
  // The runtime takes a server for the same one by its port, so it can't be 0 here.
  const port = freePort();
  await Bun.write(path, application(broker, port, 1));
  const child = Bun.spawn([process.execPath, "--hot", path], { stdio: ["ignore", "pipe", "inherit"] });
  killAfterwards(child);
  const lines = readLines(child.stdout);
  return {
    url: String((await lines.next()).value),
    async change() {
      await Bun.write(path, application(broker, port, 2));
      await lines.next();
    },
  };
}

test("bun --hot leaves no reader on a broker that is no longer the application's", async () => {
  const { url, change } = await startHot("new Broker()");
  const reader = await Reader.open(`${url}/events?last_event_id=earliest`);
  expect(await reader.take(2)).toEqual([
    ["connected", expect.anything()],
    ["version", 1],
  ]);
  await change();
  while (await reader.next());
  const again = await Reader.open(`${url}/events?last_event_id=earliest`);
  expect((await again.take(2)).at(-1)).toEqual(["version", 2]);
});

test("bun --hot leaves readers alone where the broker stays", async () => {
  const { url, change } = await startHot("(globalThis.broker ??= new Broker())");
  const reader = await Reader.open(`${url}/events?last_event_id=earliest`);
  await reader.take(3);
  await change();
  expect(await reader.take(1)).toEqual([["version", 2]]);
});
