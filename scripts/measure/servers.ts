import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { type Address, freePort, type Running, type Server, untilListening } from "./server.ts";

const HOST = "127.0.0.1";

/** An event as the hub takes it. */
const EVENT = '{"type":"nav-badge-update","topics":["{topic}"],"data":{data}}';

/** The hub of this checkout, as it is built. */
export const tidings: Server = {
  name: "tidings",
  features: ["topics", "batches", "store"],
  async start({ needs }) {
    const port = freePort();
    const command = ["dist/tidings", "serve", "--port", String(port), "--log-level", "error"];
    const address = {
      ...plain(port),
      subscribe: "/events?topic={topic}",
      publish: "/publish",
      batch: "/publish/batch",
      body: EVENT,
    };
    if (!needs.includes("store")) return run(command, address);
    // Beside the executable, since a folder for temporary files may well be no disk at all.
    const folder = await mkdtemp("dist/bench-");
    return inFolder(folder, () => run([...command, "--store", join(folder, "bench.db")], address));
  },
};

/** The least that this runtime can do; see floor.ts. */
export const floor: Server = {
  name: "floor",
  features: ["topics"],
  async start() {
    const port = freePort();
    return run([process.execPath, join(import.meta.dir, "floor.ts"), String(port)], plain(port));
  },
};

/** Steps to the hub that take the same request and do nothing with it; see ladder.ts. */
export const steps: readonly Server[] = ["bare", "elysia"].map((name) => ({
  name,
  features: [],
  async start() {
    const port = freePort();
    const command = [process.execPath, join(import.meta.dir, `${name}.ts`), String(port)];
    return run(command, { ...plain(port), publish: "/publish", body: EVENT });
  },
}));

/** nginx with the nchan module, as Debian has it: `apt-get install nginx libnginx-mod-nchan`. */
export const nchan: Server = {
  name: "nchan",
  features: ["topics"],
  async start() {
    const port = freePort();
    const folder = await mkdtemp(join(tmpdir(), "bench-nchan-"));
    await Bun.write(join(folder, "nginx.conf"), nginxConfig(folder, port));
    const address = {
      ...plain(port),
      subscribe: "/sub?topic={topic}",
      publish: "/pub?topic={topic}",
      contentType: "text/plain",
    };
    // One process, so that its time is all there is.
    return inFolder(folder, () => run(["nginx", "-c", join(folder, "nginx.conf")], address));
  },
};

const Peer = Type.Object(
  {
    name: Type.String(),
    subscribe: Type.String({ description: "URL of the event stream" }),
    publish: Type.String({ description: "URL that events are posted to" }),
    contentType: Type.String({ default: "application/json" }),
    headers: Type.Record(Type.String(), Type.String(), { default: {} }),
    body: Type.String({ default: "{data}" }),
    pids: Type.Array(Type.Integer(), { default: [] }),
  },
  { additionalProperties: false },
);

/** A hub that runs already, described by a JSON file. @throws Error when that is not right. */
export async function readPeer(path: string): Promise<Server> {
  const given: unknown = Value.Default(Peer, await Bun.file(path).json());
  const wrong = Value.Errors(Peer, given).First();
  if (wrong || !Value.Check(Peer, given)) throw new Error(`${path}: ${wrong?.path} ${wrong?.message}`);
  const address = addressOf(given);
  return {
    name: given.name,
    features: namesTopics(given) ? ["topics"] : [],
    start: () => Promise.resolve({ address, pids: given.pids, stop: () => Promise.resolve() }),
  };
}

function namesTopics({ subscribe, publish, body }: Static<typeof Peer>): boolean {
  return subscribe.includes("{topic}") && (publish.includes("{topic}") || body.includes("{topic}"));
}

function addressOf({ subscribe, publish, contentType, headers, body }: Static<typeof Peer>): Address {
  const from = new URL(subscribe);
  const to = new URL(publish);
  if (from.host !== to.host || from.protocol !== "http:" || to.protocol !== "http:") {
    throw new Error("subscribe and publish are http: URLs of the same host");
  }
  return {
    hostname: from.hostname,
    port: Number(from.port || 80),
    subscribe: pathOf(from),
    publish: pathOf(to),
    contentType,
    headers,
    body,
  };
}

/** Path and query, in which a URL escapes the brackets of `{topic}`. */
function pathOf({ pathname, search }: URL): string {
  return (pathname + search).replace("%7Btopic%7D", "{topic}");
}

function plain(port: number): Address {
  const contentType = "application/json";
  const path = "/{topic}";
  return { hostname: HOST, port, subscribe: path, publish: path, contentType, headers: {}, body: "{data}" };
}

/** Removes the folder when what runs in it has stopped, or did not start. */
async function inFolder(folder: string, start: () => Promise<Running>): Promise<Running> {
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const running = await start();
    return { ...running, stop: () => running.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function run(command: string[], address: Address): Promise<Running> {
  const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] });
  const stop = async () => {
    // No need to say goodbye to clients that are gone.
    child.kill("SIGKILL");
    await child.exited;
  };
  const ended = child.exited.then((code) => {
    throw new Error(`${command[0]} ended with code ${code}`);
  });
  ended.catch(() => {});
  try {
    await Promise.race([untilListening(address.hostname, address.port), ended]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, pids: [child.pid], stop };
}

function nginxConfig(folder: string, port: number): string {
  return `load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
  access_log off;
  keepalive_requests 10000000;
  nchan_shared_memory_size 512M;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen ${HOST}:${port} backlog=4096;
    location = /sub { nchan_subscriber eventsource; nchan_channel_id $arg_topic; nchan_subscriber_first_message newest; }
    location = /pub { nchan_publisher; nchan_channel_id $arg_topic; nchan_message_buffer_length 1000; }
  }
}
`;
}
