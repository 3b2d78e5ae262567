import type { AnyElysia } from "elysia";

/** Where a server listens, and for how long. */
export interface ListenSettings {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** How long a connection may rest between two requests, in seconds from 1 to 255. */
  readonly idleTimeout: number;
}

/** An application that takes requests. */
export interface Listener {
  /** Such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Takes no more connections. Resolves when every request is answered, or that many ms are over. */
  finish(within: number): Promise<void>;
  /** Takes no more connections and ends those that are open. */
  stop(): Promise<void>;
}

/** How often it is looked whether all requests are answered, in ms. */
const LOOK = 5;

/** Something, such as another program, keeps the hub from listening where it should. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/**
 * Serves the application there.
 *
 * @throws ListenError when it can't listen there.
 */
export function listen(app: AnyElysia, { host, port, idleTimeout }: ListenSettings): Listener {
  try {
    app.listen({
      hostname: host,
      port,
      // Elysia would share the port with another program that listens there.
      reusePort: false,
      idleTimeout,
      // The runtime would refuse without a word. A body's limit is checked where it is read, and one
      // that nobody reads is thrown away as it comes.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      // Strangers are shown no source code when something fails.
      development: false,
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "EADDRINUSE" ? "another program listens there" : String((error as Error).message);
    throw new ListenError(`can't listen on ${host} port ${port}: ${reason}`);
  }
  const { server } = app;
  if (!server) throw new Error("listening without a server");
  return {
    url: server.url.origin,
    async finish(within) {
      // It resolves only when every connection has ended, and idle ones may stay for long.
      void server.stop();
      const until = performance.now() + within;
      while (server.pendingRequests > 0 && performance.now() < until) await Bun.sleep(LOOK);
    },
    stop: () => server.stop(true),
  };
}
