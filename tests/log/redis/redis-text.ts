import type { RedisClient } from "bun";

/** A key's bytes as Redis writes them to its file, in which nothing is compressed: `--rdbcompression no`. */
const DUMP = "return (string.gsub(redis.call('DUMP', KEYS[1]), '[^ -~]', '.'))";

/** Whether a text is anywhere in what Redis has, also in what it has only marked as deleted. */
export async function hasText(client: RedisClient, text: string): Promise<boolean> {
  const keys: string[] = await client.send("KEYS", ["*"]);
  const dumps = await Promise.all(keys.map((key) => client.send("EVAL", [DUMP, "1", key])));
  return dumps.some((dump) => String(dump).includes(text));
}
