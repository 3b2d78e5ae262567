import type { AnyElysia } from "elysia";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
}

/** An application that takes requests. */
export interface Listener {
  /** Such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Takes no more connections and ends those that are open. */
  stop(): Promise<void>;
}

/** Something, such as another program, keeps the hub from listening where it should. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/**
 * Serves the application there.
 *
 * @param maxBodyBytes the stop behind the body's own limit, which is checked where the refusal can
 * be put into words.
 * @throws ListenError when it can't listen there.
 */
export function listen(app: AnyElysia, { host, port }: Address, maxBodyBytes: number): Listener {
  try {
    // Elysia would share the port with another program that listens there.
    app.listen({ hostname: host, port, reusePort: false, maxRequestBodySize: maxBodyBytes });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "EADDRINUSE" ? "another program listens there" : String((error as Error).message);
    throw new ListenError(`can't listen on ${host} port ${port}: ${reason}`);
  }
  const { server } = app;
  if (!server) throw new Error("listening without a server");
  return { url: server.url.origin, stop: () => server.stop(true) };
}
