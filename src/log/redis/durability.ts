import type { RedisAddress } from "./address.ts";
import { type Commands, fieldsOf } from "./commands.ts";
import { isRefusal } from "./failure.ts";
import { missingRights } from "./rights.ts";

/** What this Redis does with what it is given, in words for whoever runs the hub. */
export interface Durability {
  /** One line: what it promises, and what it does not. */
  readonly summary: string;
  /** A setting to think about: it may be meant for another use of this Redis. */
  readonly warning?: string;
  /** Why a hub can't be kept here; undefined when it can. */
  readonly refusal: string | undefined;
}

/**
 * Asks a Redis what it promises. A user who may not ask CONFIG is told so.
 *
 * @param replicas how many replicas have each event before its publisher is answered.
 */
export async function askDurability(
  commands: Commands,
  address: RedisAddress,
  replicas: number,
): Promise<Durability> {
  const info = await commands.send("INFO", []).then(String, (error: unknown) => {
    if (!isRefusal(error)) throw error;
    return "";
  });
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  // Valkey has a name of its own for it.
  const mode = field("server_mode") ?? field("redis_mode");
  if (mode === "sentinel") {
    return { summary: "", refusal: "this is a Sentinel: its address is redis+sentinel://HOST/MASTER" };
  }
  const missing = await missingRights(commands, address, replicas);
  if (missing !== undefined) return { summary: "", refusal: missing };
  const settings = await commands.send("CONFIG", ["GET", "*"]).then(fieldsOf, () => undefined);
  const policy = settings?.get("maxmemory-policy") ?? field("maxmemory_policy");
  const memory = Number(settings?.get("maxmemory") ?? field("maxmemory") ?? 0);
  if (policy?.startsWith("allkeys-")) {
    const refusal = `maxmemory-policy ${policy} would evict events that readers still need: use noeviction`;
    return { summary: "", refusal };
  }
  const valkey = field("valkey_version");
  if (field("redis_version") === undefined && valkey === undefined)
    return { summary: "", refusal: "this is no Redis: INFO names no version" };
  const version = valkey === undefined ? `Redis ${field("redis_version")}` : `Valkey ${valkey}`;
  const connected = Number(field("connected_slaves") ?? 0);
  const said = [
    persistence(field("aof_enabled") === "1", settings?.get("appendfsync"), settings?.get("save")),
    replicas > 0
      ? `an event is acknowledged when ${replicas} of ${connected} replicas have it`
      : connected > 0
        ? `${connected === 1 ? "a replica" : `${connected} replicas`}, which may lag behind: a failover can lose the newest events (--replicas)`
        : "no replica",
  ];
  if (memory > 0) said.push(`at maxmemory ${memory} bytes it takes no more events`);
  if (!settings) said.push("CONFIG is not allowed, so appendfsync and save are not known");
  const summary = `${version}: ${said.join("; ")}`;
  if (!policy?.startsWith("volatile-")) return { summary, refusal: undefined };
  const warning = `maxmemory-policy ${policy} spares the log, whose keys have no time to live: noeviction says so plainly`;
  return { summary, warning, refusal: undefined };
}

function persistence(aof: boolean, fsync: string | undefined, save: string | undefined): string {
  if (!aof) {
    if (save === "") return "nothing is on disk: what no node remembers is lost when it ends";
    return `${save === undefined ? "at most" : "only"} snapshots are on disk: what came after the last one and no node remembers is lost when it is killed`;
  }
  switch (fsync) {
    case "always":
      return "every acknowledged event is on disk (appendfsync always)";
    case undefined:
      return "an append-only file";
    default:
      return `appendfsync ${fsync}: the machine's failure can lose the last ${fsync === "no" ? "half minute" : "second"}`;
  }
}
