import { RedisClient } from "bun";

/** Calls that take longer are noted by Redis, in µs. */
const NOTED = 100;

/** How many calls Redis notes; older ones go. */
const NOTES = 10_000;

/** What Redis itself says of its work. */
export class RedisProbe {
  readonly #client: RedisClient;

  /** @param url of the Redis. */
  constructor(url: string) {
    this.#client = new RedisClient(url);
  }

  /** From now on calls are noted. */
  async begin(): Promise<void> {
    await this.#client.send("CONFIG", ["SET", "slowlog-max-len", `${NOTES}`]);
    await this.#client.send("CONFIG", ["SET", "slowlog-log-slower-than", `${NOTED}`]);
    await this.#client.send("SLOWLOG", ["RESET"]);
  }

  /** How long the longest call since then took, in ms; undefined when none took long enough to be noted. */
  async longestCall(): Promise<number | undefined> {
    const notes: unknown = await this.#client.send("SLOWLOG", ["GET", `${NOTES}`]);
    const times = Array.isArray(notes) ? notes.map((note: unknown[]) => Number(note[2])) : [];
    return times.length > 0 ? Math.max(...times) / 1000 : undefined;
  }

  /** Bytes that it has in use. */
  async memory(): Promise<number> {
    const info = String(await this.#client.send("INFO", ["memory"]));
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  }

  close(): void {
    this.#client.close();
  }
}
