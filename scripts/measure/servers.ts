import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Status } from "../../src/protocol/status.ts";
import type { Case } from "./cases.ts";
import { freePort, HOST, inFolder, run } from "./child.ts";
import { AUDIENCE, ISSUER, mercureAddress } from "./mercure.ts";
import { hasRedis, twoNodes } from "./redis-nodes.ts";
import type { HttpAddress, Running, Server } from "./server.ts";

/** An event as the hub takes it. */
const EVENT = '{"type":"nav-badge-update","topics":["{topic}"],"data":{data}}';

function eventOf({ named, retained }: Case): string {
  const more = (named ? ',"id":"{id}"' : "") + (retained ? ',"retain":true' : "");
  return EVENT.replace(/}$/, () => `${more}}`);
}

/** The hub of this checkout, as it is built. */
export const tidings: Server = {
  name: "tidings",
  features: [
    "topics",
    "batches",
    "store",
    "mercure",
    ...(process.platform === "linux" ? ["workers" as const] : []),
    ...(hasRedis ? ["nodes over Redis" as const] : []),
  ],
  async start(one) {
    const { needs, workers, mercure } = one;
    if (needs.includes("nodes over Redis")) return overRedis(one);
    const port = freePort();
    const key = crypto.randomUUID();
    const address: HttpAddress = mercure ? await mercureAddress(port, mercure, key) : tidingsAt(port, one);
    const stores = needs.includes("store");
    // Beside the executable, since a folder for temporary files may well be no disk at all.
    const folder = await mkdtemp(stores ? "dist/bench-" : join(tmpdir(), "bench-"));
    const command = ["dist/tidings", "serve", "--port", String(port), "--log-level", "error"];
    if (workers > 1) command.push("--workers", String(workers));
    if (mercure) command.push("--jwt-key", key, "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE);
    if (mercure?.dialect === "0") command.push("--mercure-compat");
    if (stores) command.push("--store", join(folder, "bench.db"));
    // What it leaves when it is killed goes with the folder.
    const env = { TMPDIR: folder };
    // Its port takes connections when the first worker is ready, and not all of them.
    return inFolder(folder, () => run({ command, env, address, saysWhenReady: true }));
  },
};

async function overRedis(one: Case): Promise<Running> {
  const running = await twoNodes(async (redisPort, folder) => {
    const port = freePort();
    const store = `redis://${HOST}:${redisPort}`;
    const command = ["dist/tidings", "serve", "--port", `${port}`, "--log-level", "error", "--store", store];
    return {
      command,
      env: { TMPDIR: folder },
      address: tidingsAt(port, one),
      saysWhenReady: true,
      readyAt: "/readyz?publish",
    };
  });
  const { hostname, port } = running.publishAt ?? running.address;
  const historyBytes = async () => {
    const status: unknown = await (await fetch(`http://${hostname}:${port}/status`)).json();
    return Value.Decode(Status, status).store.bytes;
  };
  return { ...running, historyBytes };
}

function tidingsAt(port: number, one: Case): HttpAddress {
  return {
    ...plain(port),
    subscribe: `/events?topic={topic}${one.returns ? "&last_event_id=earliest" : ""}`,
    publish: "/publish",
    batch: "/publish/batch",
    body: eventOf(one),
  };
}

/** The least that this runtime can do; see floor.ts. */
export const floor: Server = {
  name: "floor",
  features: ["topics"],
  start() {
    const port = freePort();
    const command = [process.execPath, join(import.meta.dir, "floor.ts"), String(port)];
    return run({ command, address: plain(port) });
  },
};

/** Steps to the hub that take the same request and do nothing with it; see ladder.ts. */
export const steps: readonly Server[] = ["bare", "elysia", "checked"].map((name) => ({
  name,
  features: [],
  start() {
    const port = freePort();
    const command = [process.execPath, join(import.meta.dir, `${name}.ts`), String(port)];
    return run({ command, address: { ...plain(port), publish: "/publish", body: EVENT } });
  },
}));

/** Paths that are topics' names, and nothing but the data is posted to them. */
function plain(port: number): HttpAddress {
  return {
    protocol: "http",
    hostname: HOST,
    port,
    subscribe: "/{topic}",
    publish: "/{topic}",
    contentType: "application/json",
    headers: {},
    body: "{data}",
  };
}
