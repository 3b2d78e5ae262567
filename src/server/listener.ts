import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { AnyElysia } from "elysia";
import { reasonOf } from "../config/config-error.ts";
import type { TlsPair } from "../config/tls-files.ts";
import { tuneListeningSockets } from "./tcp-options.ts";
import { clearStaleSocket, restrictSocket } from "./unix-socket.ts";

/** Where a server listens, how, and for how long. */
export interface ListenSettings {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Whether other processes of the hub listen at the same port. */
  readonly shared?: boolean;
  /** A Unix socket to listen on instead. */
  readonly unix?: string;
  /**
   * How long what was sent may go unacknowledged, in ms; 0 for as long as the system likes. Then the
   * connection is ended.
   */
  readonly stallTimeout: number;
  /**
   * How long a connection may rest between two requests, in seconds from 1 to 255. Those of a Unix
   * socket may rest for as long as they like.
   */
  readonly idleTimeout: number;
  /** Whether TLS offers HTTP/2; it does by default. */
  readonly http2?: boolean;
  /** Whether it offers HTTP/3 as well, on the same port of UDP. */
  readonly http3?: boolean;
}

/** An application that takes requests. */
export interface Listener {
  /** Such as `http://127.0.0.1:3000`, or `unix:///run/hub.sock`. */
  readonly url: string;
  /**
   * Greets new connections with another certificate. Those that are open keep theirs, and what
   * runs on them goes on. One that is about to open is reset, and has to try again.
   */
  renew(tls: TlsPair): void;
  /** Closes connections that rest between two requests. */
  closeIdle(): void;
  /** Takes no connections until it is resumed; those that are open go on. False if that is so already. */
  pause(): boolean;
  /** @throws when it can't listen now: it stays paused. */
  resume(): void;
  /** Takes no more connections. Resolves when every request is answered, or that many ms are over. */
  finish(within: number): Promise<void>;
  /** Takes no more connections and ends those that are open. */
  stop(): Promise<void>;
}

/** How often it is looked whether all requests are answered, in ms. */
const CHECK_INTERVAL_MS = 5;
/**
 * How much longer the system waits than the hub, in ms: one that is there and does not read is the
 * hub's to remove, which knows why, and it looks once a second.
 */
const NOTICE_MS = 2000;

/** Something, such as another program, keeps the hub from listening where it should. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/**
 * Serves the application there, over TLS if it is given a certificate.
 *
 * @throws ListenError when it can't listen there.
 */
export async function listen(
  app: AnyElysia,
  settings: ListenSettings,
  tls?: TlsPair | undefined,
): Promise<Listener> {
  const { host, port, unix } = settings;
  if (unix !== undefined) {
    const reason = await clearStaleSocket(unix);
    if (reason !== undefined) throw new ListenError(`can't listen on ${unix}: ${reason}`);
  } else if (!(await isKnown(host))) {
    throw unknownHost(host);
  }
  let server: Server;
  try {
    server = serve(app, settings, tls);
    if (unix !== undefined) restrictSocket(unix);
  } catch (error) {
    throw new ListenError(`can't listen on ${unix ?? `${host} port ${port}`}: ${reasonOf(error)}`);
  }
  const bound = { ...settings, port: server.port ?? port };
  let pair = tls;
  // They take no more connections, and have some that are open.
  const retiring = new Set<Server>();
  const all = () => [server, ...retiring];
  let state: "open" | "paused" | "finished" = "open";
  const retire = () => {
    // It leaves its port at once, and its connections open.
    const old = server;
    retiring.add(old);
    void old.stop().then(() => retiring.delete(old));
  };
  /** @throws when another program, or the want of a file descriptor, keeps it from that: it stays paused. */
  const listenAgain = () => {
    state = "paused";
    server = serve(app, bound, pair);
    state = "open";
  };
  return {
    url: unix === undefined ? server.url.origin : `unix://${unix}`,
    renew(renewed) {
      // The runtime can't change the certificate of a server. There is no time at which nobody listens
      // but this moment.
      pair = renewed;
      if (state !== "open") return;
      retire();
      listenAgain();
    },
    closeIdle() {
      for (const one of all()) one.closeIdleConnections();
    },
    pause() {
      // Those who wait at a Unix socket are local, and would find it gone.
      if (state !== "open" || unix !== undefined) return false;
      state = "paused";
      retire();
      return true;
    },
    resume() {
      if (state === "paused") listenAgain();
    },
    async finish(within) {
      state = "finished";
      // It resolves only when every connection has ended, and idle ones may stay for long.
      void server.stop();
      const until = performance.now() + within;
      while (all().some((one) => one.pendingRequests > 0) && performance.now() < until)
        await Bun.sleep(CHECK_INTERVAL_MS);
    },
    async stop() {
      await Promise.all(all().map((one) => one.stop(true)));
    },
  };
}

/**
 * Sees that nobody listens at the port, which those who share it would not notice.
 *
 * @returns the port; a free one for 0.
 * @throws ListenError when somebody does.
 */
export async function findPort({ host, port }: Pick<ListenSettings, "host" | "port">): Promise<number> {
  if (!(await isKnown(host))) throw unknownHost(host);
  try {
    const probe = Bun.listen({ hostname: host, port, exclusive: true, socket: { data() {} } });
    const found = probe.port;
    probe.stop(true);
    return found;
  } catch (error) {
    throw new ListenError(`can't listen on ${host} port ${port}: ${reasonOf(error)}`);
  }
}

function unknownHost(host: string): ListenError {
  // The runtime would say that another program listens there.
  return new ListenError(`can't listen on ${host}: no address is known for that name`);
}

type Server = NonNullable<AnyElysia["server"]>;

function serve(
  app: AnyElysia,
  {
    host,
    port,
    unix,
    shared = false,
    idleTimeout,
    stallTimeout,
    http2 = true,
    http3 = false,
  }: ListenSettings,
  tls: TlsPair | undefined,
): Server {
  const options = {
    ...(tls && { tls, http2, http3 }),
    // Over a Unix socket the runtime gives a stream no other time than this (oven-sh/bun#43816), so it
    // would end quiet ones.
    idleTimeout: unix === undefined ? idleTimeout : 0,
    // The runtime would refuse without a word. A body's limit is checked where it is read, and one
    // that nobody reads is thrown away as it comes.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    // Strangers are shown no source code when something fails.
    development: false,
  };
  // Unless it is told otherwise, Elysia shares the port with any program that listens there. Its types
  // know no socket.
  const address: object = unix === undefined ? { hostname: host, port, reusePort: shared } : { unix };
  app.listen({ ...options, ...address });
  if (!app.server) throw new Error("listening without a server");
  if (unix === undefined && app.server.port !== undefined) {
    const timeout = stallTimeout > 0 ? stallTimeout + NOTICE_MS : 0;
    tuneListeningSockets(app.server.port, timeout);
  }
  return app.server;
}

/** Whether it is an address, or a name that has one. */
async function isKnown(host: string): Promise<boolean> {
  if (isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0) return true;
  return lookup(host).then(
    () => true,
    () => false,
  );
}
