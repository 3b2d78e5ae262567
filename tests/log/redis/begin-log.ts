import { RedisClient } from "bun";
import { parseRedisAddress } from "../../../src/log/redis/address.ts";
import { RedisEngine } from "../../../src/log/redis/redis-engine.ts";
import { newWord } from "../../../src/protocol/place.ts";
import environment from "./past-environment.lua" with { type: "text" };

/** Begins the log of a new hub without the second for which a recovery hears its nodes. */
export async function beginLog(url: string): Promise<void> {
  const client = new RedisClient(url.replace(/\?.*/, ""));
  const engine = new RedisEngine(parseRedisAddress(url).prefix, environment);
  const hello = { node: newWord(), lives: [], head: 0, low: 0, replid: "", seqs: [], insists: false };
  for (const age of ["2000", "0"]) {
    await client.send("SET", ["test:age", age]);
    await engine.hello(client, { ...hello, newWord: newWord() });
  }
  // No recovery waits for it.
  await client.send("HDEL", [`{${parseRedisAddress(url).prefix}}:seqs`, hello.node]);
  client.close();
}
