import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dialect } from "./cases.ts";
import { freePort, HOST, inFolder, run } from "./child.ts";
import { AUDIENCE, ISSUER, installedDialect, mercureAddress } from "./mercure.ts";
import { hasRedis, twoNodes } from "./redis-nodes.ts";
import type { Running, Server } from "./server.ts";

/** A hub in common use, measured where its program is on the PATH. */
export interface Peer extends Server {
  readonly name: "nchan" | "mercure" | "centrifugo" | "nats";
  readonly program: string;
}

/** nginx with the nchan module, as Debian has it: `apt-get install nginx libnginx-mod-nchan`. */
const nchan: Peer = {
  name: "nchan",
  program: "nginx",
  features: ["topics"],
  start: () =>
    configured("nchan", async (folder, port) => {
      const config = join(folder, "nginx.conf");
      await Bun.write(config, nginxConfig(folder, port));
      const address = {
        protocol: "http",
        hostname: HOST,
        port,
        subscribe: "/sub?topic={topic}",
        publish: "/pub?topic={topic}",
        contentType: "text/plain",
        headers: {},
        body: "{data}",
      } as const;
      return run({ command: [nchan.program, "-c", config], address });
    }),
};

/** The hub of Mercure's authors, in Caddy. Its transport in memory keeps no history. */
const mercure: Peer = {
  name: "mercure",
  program: "mercure",
  features: ["topics", "mercure"],
  start: ({ mercure: use = { dialect: installedDialect, select: "topic" } }) =>
    configured("mercure", async (folder, port) => {
      const config = join(folder, "Caddyfile");
      const key = crypto.randomUUID();
      await Bun.write(config, caddyfile(folder, port, PUBLISHERS[use.dialect](key)));
      const address = await mercureAddress(port, use, key);
      const command = [mercure.program, "run", "--config", config, "--adapter", "caddyfile"];
      return run({ command, env: { XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }, address });
    }),
};

/** Whose tokens it takes. */
const PUBLISHERS: Readonly<Record<Dialect, (key: string) => string>> = {
  "1": (key) => `resource_identifier ${AUDIENCE}
    issuer ${ISSUER} {
      publisher {
        jwt ${key} HS256
      }
    }`,
  "0": (key) => `publisher_jwt ${key} HS256`,
};

/** Its engine in memory or in Redis, with the history that nchan is given. */
const centrifugo: Peer = {
  name: "centrifugo",
  program: "centrifugo",
  features: ["topics", ...(hasRedis ? ["nodes over Redis" as const] : [])],
  async start({ needs }) {
    const nodeOf = async (folder: string, port: number, engine: object) => {
      const config = join(folder, "config.json");
      await Bun.write(config, JSON.stringify({ ...centrifugoConfig(port), ...engine }));
      const connect = encodeURIComponent('{"subs":{"{topic}":{}}}').replace("%7Btopic%7D", "{topic}");
      const address = {
        protocol: "http",
        hostname: HOST,
        port,
        subscribe: `/connection/uni_sse?cf_connect=${connect}`,
        publish: "/api/publish",
        contentType: "application/json",
        headers: {},
        body: '{"channel":"{topic}","data":{data}}',
      } as const;
      return { command: [centrifugo.program, "--config", config], address };
    };
    if (!needs.includes("nodes over Redis")) {
      return configured("centrifugo", async (folder, port) => run(await nodeOf(folder, port, {})));
    }
    return twoNodes((redis, folder) => {
      const engine = { type: "redis", redis: { address: `redis://${HOST}:${redis}` } };
      return nodeOf(folder, freePort(), { engine });
    });
  },
};

/** It keeps nothing, and its clients speak its own protocol. Several events are one answer. */
const nats: Peer = {
  name: "nats",
  program: "nats-server",
  features: ["topics", "batches"],
  start() {
    const port = freePort();
    const command = [nats.program, "--addr", HOST, "--port", String(port), "--log", "/dev/null"];
    return run({ command, address: { protocol: "nats", hostname: HOST, port } });
  },
};

export const peers: readonly Peer[] = [nchan, mercure, centrifugo, nats];

/** Starts a hub whose files are in a folder of its own, for as long as it runs. */
async function configured(
  name: string,
  start: (folder: string, port: number) => Promise<Running>,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), `bench-${name}-`));
  return inFolder(folder, () => start(folder, freePort()));
}

/** One process, so that its time is all there is. */
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

function caddyfile(folder: string, port: number, publishers: string): string {
  return `{
  admin off
  auto_https off
  persist_config off
  storage file_system ${folder}
  log {
    output discard
  }
}
http://${HOST}:${port} {
  bind ${HOST}
  mercure {
    transport local
    anonymous
    ${publishers}
  }
}
`;
}

function centrifugoConfig(port: number): object {
  return {
    http_server: { address: HOST, port: String(port) },
    log: { level: "error" },
    client: { insecure: true },
    http_api: { insecure: true },
    uni_sse: { enabled: true },
    channel: { without_namespace: { history_size: 1000, history_ttl: "1h" } },
  };
}
