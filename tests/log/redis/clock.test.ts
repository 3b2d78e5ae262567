import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { RedisEngine } from "../../../src/log/redis/redis-engine.ts";
import { entriesOfReply } from "../../../src/log/redis/stream-entries.ts";
import { newWord } from "../../../src/protocol/place.ts";
import { defer } from "../../defer.ts";
import environment from "./past-environment.lua" with { type: "text" };
import { redisProgram, startRedis } from "./redis-server.ts";

const withRedis = test.skipIf(redisProgram === undefined);

const HOUR = 3_600_000;
const bounds = {
  ...{ events: 100, bytes: 1e6, age: Number.POSITIVE_INFINITY, spare: 0 },
  ...{ values: 10, valueBytes: 1e6, ends: 10 },
};

/** Calls of nodes to a Redis whose clock the test sets. */
class Calls {
  readonly #client: RedisClient;
  readonly #engine = new RedisEngine("tidings", environment);
  #word = "";

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** It is so long after an hour ago. */
  async setClock(ms: number): Promise<void> {
    await this.#client.send("SET", ["test:age", `${HOUR - ms}`]);
  }

  async hello(node = "n"): Promise<string> {
    const about = { lives: [], head: 0, low: 0, replid: "", seqs: [], insists: false };
    const answer = await this.#engine.hello(this.#client, { node, newWord: newWord(), ...about });
    if (answer.state === "open") this.#word = answer.lives.at(-1)?.word ?? "";
    return answer.state;
  }

  append(node: string, seq = 1) {
    const blocks = [{ count: 1, size: 1, names: "", current: "", text: node }];
    return this.#engine.append(this.#client, { node, seq, word: this.#word, head: 0, blocks }, bounds);
  }

  /** When the events were kept, in ms after an hour ago. */
  async times(): Promise<number[]> {
    const entries = entriesOfReply(await this.#client.send("XRANGE", ["{tidings}:log", "-", "+"]));
    return entries.map(({ block }) => Math.round((block.keptAt - Date.now() + HOUR) / 60_000) * 60_000);
  }

  async trim(): Promise<void> {
    await this.#engine.trim(this.#client, bounds);
  }
}

async function startCalls(): Promise<Calls> {
  const { url } = await startRedis();
  const client = new RedisClient(url);
  defer(() => client.close());
  return new Calls(client);
}

withRedis("a clock of Redis that is set back does not prolong a recovery", async () => {
  const calls = await startCalls();
  await calls.setClock(HOUR);
  expect(await calls.hello()).toBe("hearing");
  await calls.setClock(0);
  expect(await calls.hello()).toBe("hearing");
  await calls.setClock(1500);
  expect(await calls.hello()).toBe("open");
});

withRedis("a clock of Redis that jumps ahead does not shorten a recovery", async () => {
  const calls = await startCalls();
  await calls.setClock(0);
  expect(await calls.hello()).toBe("hearing");
  await calls.setClock(HOUR);
  expect(await calls.hello()).toBe("hearing");
  await calls.setClock(HOUR + 1500);
  expect(await calls.hello()).toBe("open");
});

withRedis("events have the time of a clock of Redis that was set back", async () => {
  const calls = await startCalls();
  await calls.setClock(9 * HOUR);
  await calls.hello();
  await calls.setClock(9 * HOUR + 1500);
  await calls.hello();
  await calls.append("a");
  await calls.setClock(HOUR);
  await calls.append("b");
  expect(await calls.times()).toEqual([9 * HOUR, HOUR]);
});

withRedis("a node whose append comes first after the clock of Redis jumped is not forgotten", async () => {
  const calls = await startCalls();
  await calls.setClock(0);
  await calls.hello("a");
  await calls.setClock(1500);
  await calls.hello("a");
  await calls.setClock(3 * HOUR);
  expect(await calls.append("a")).toMatchObject({ result: "kept", last: 1 });
  await calls.hello("b");
  expect(await calls.append("a")).toEqual({ result: "again", last: 1 });
});

// Whichever call comes first.
for (const call of ["hello", "append", "trim"] as const) {
  withRedis(`what is sent again after the clock of Redis jumped is not kept again (${call})`, async () => {
    const calls = await startCalls();
    await calls.setClock(0);
    await calls.hello("a");
    await calls.setClock(1500);
    expect(await calls.hello("a")).toBe("open");
    expect(await calls.append("a")).toMatchObject({ result: "kept", last: 1 });
    await calls.setClock(3 * HOUR);
    await calls[call]("b");
    await calls.hello("b");
    expect(await calls.append("a")).toEqual({ result: "again", last: 1 });
  });
}
