import type { Host, RedisAddress } from "./address.ts";
import { Connection, isReply, nameOf, RedisAway } from "./connection.ts";

/** How long each Sentinel may take, in milliseconds. */
const SENTINEL_DEADLINE_MS = 1000;

/**
 * Where the master is, by the address or by what a Sentinel says.
 *
 * @throws RedisAway when no Sentinel knows.
 */
export async function findMaster(address: RedisAddress): Promise<Host> {
  const { hosts, master } = address;
  const [only] = hosts;
  if (master === undefined) {
    if (!only) throw new RedisAway("the address has no host");
    return only;
  }
  const reasons: string[] = [];
  for (const sentinel of hosts) {
    try {
      return await ask(sentinel, master, address);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new RedisAway(`no Sentinel knows the master "${master}": ${reasons.join("; ")}`);
}

async function ask(sentinel: Host, master: string, address: RedisAddress): Promise<Host> {
  // A Sentinel has users of its own, and most have none.
  const plain = { ...address, username: undefined, password: undefined, database: 0 };
  const connection = await Connection.open(sentinel, plain);
  try {
    const args = ["GET-MASTER-ADDR-BY-NAME", master];
    const reply = await connection.send("SENTINEL", args, SENTINEL_DEADLINE_MS);
    if (!Array.isArray(reply)) throw new RedisAway(`${nameOf(sentinel)} watches no "${master}"`);
    return { hostname: String(reply[0]), port: Number(reply[1]) };
  } catch (error) {
    if (!isReply(error)) throw error;
    const isOther = /unknown command/i.test(error.message);
    throw new RedisAway(`${nameOf(sentinel)} ${isOther ? "is no Sentinel" : `answers: ${error.message}`}`);
  } finally {
    connection.close();
  }
}
