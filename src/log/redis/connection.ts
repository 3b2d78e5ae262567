import { RedisClient } from "bun";
import type { Host, RedisAddress } from "./address.ts";
import type { Commands } from "./commands.ts";
import { diagnose } from "./diagnosis.ts";

/** How long a connection may take to come about, and a command to be answered, in milliseconds. */
const CONNECT_DEADLINE_MS = 2000;
export const COMMAND_DEADLINE_MS = 2000;

/** Redis can't be used at present, as the message says. */
export class RedisAway extends Error {
  override readonly name = "RedisAway";
}

/**
 * One connection to Redis. The client has no deadlines of its own, and reconnects without a word: here
 * a connection that fails once, or does not answer in time, is closed for good.
 */
export class Connection implements Commands {
  readonly host: Host;
  readonly #client: RedisClient;
  #closed: Error | undefined;
  /**
   * How to fail those who wait. (`Promise.race` with {@link Connection.failed} would hold each answer in memory
   * for as long as the connection lives.)
   */
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #fail: (error: Error) => void;
  /** Rejects when the connection is closed, and says why. */
  readonly failed: Promise<never>;

  private constructor(host: Host, client: RedisClient) {
    this.host = host;
    this.#client = client;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.failed = promise;
    this.#fail = reject;
    client.onclose = () => this.#end(new RedisAway(`${nameOf(host)} closed the connection`));
  }

  /**
   * Connects, and finds out why it can't.
   *
   * @throws RedisAway
   */
  static async open(host: Host, address: RedisAddress): Promise<Connection> {
    const { tls, ca, username, password, database } = address;
    const url = new URL(`${tls ? "rediss" : "redis"}://${host.hostname}:${host.port}`);
    url.username = encodeURIComponent(username ?? "");
    url.password = encodeURIComponent(password ?? "");
    const client = new RedisClient(url.href, {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: CONNECT_DEADLINE_MS,
      ...(tls && { tls: ca === undefined ? true : { ca } }),
    });
    const connection = new Connection(host, client);
    try {
      await connection.#within(CONNECT_DEADLINE_MS, client.connect(), "to connect");
      // The client would say nothing of a refusal, and close the connection later.
      if (database > 0) await connection.send("SELECT", [`${database}`]);
      return connection;
    } catch {
      connection.close();
      // The client says no more than that it was closed.
      throw new RedisAway(await diagnose(host, address));
    }
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /** @throws RedisAway when it can't be known what became of the command; what Redis itself answers. */
  async send(command: string, args: readonly string[], deadline = COMMAND_DEADLINE_MS): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    try {
      return await this.#within(deadline, this.#client.send(command, [...args]), `to answer ${command}`);
    } catch (error) {
      if (isReply(error)) throw error;
      const away =
        error instanceof RedisAway ? error : new RedisAway(`${nameOf(this.host)}: ${messageOf(error)}`);
      this.#end(away);
      throw away;
    }
  }

  /** @param why for whoever waits for an answer. */
  close(why: Error = new RedisAway("the connection was closed")): void {
    this.#end(why);
  }

  #end(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#fail(error);
    for (const fail of this.#waiting) fail(error);
    this.#client.close();
  }

  /** What the work comes to, unless that takes too long or the connection is closed before. */
  #within<T>(deadline: number, work: Promise<T>, what: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const settled = () => {
      clearTimeout(timer);
      this.#waiting.delete(fail);
    };
    const fail = (error: unknown) => {
      settled();
      reject(error);
    };
    const late = () => fail(new RedisAway(`${nameOf(this.host)} took longer than ${deadline} ms ${what}`));
    const timer = setTimeout(late, deadline);
    this.#waiting.add(fail);
    work.then((value) => {
      settled();
      resolve(value);
    }, fail);
    return promise;
  }
}

export function nameOf({ hostname, port }: Host): string {
  return `${hostname}:${port}`;
}

/** Whether Redis itself has answered with this error. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "ERR_REDIS_SERVER_ERROR";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
