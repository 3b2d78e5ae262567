import { parseRedisAddress } from "./address.ts";
import { Connection, isReply } from "./connection.ts";
import { askDurability } from "./durability.ts";
import { findMaster } from "./master.ts";

/**
 * Why a Redis can't keep a log, whatever it does later: it would evict events, it lacks a command or the database,
 * or its user lacks a right.
 * Undefined for one that can, and for one that is away: the store goes on trying to connect.
 *
 * @throws RedisAddressError
 */
export async function unfitness(url: string, replicas: number): Promise<string | undefined> {
  const address = parseRedisAddress(url);
  let connection: Connection | undefined;
  try {
    // Whoever may not choose another database has no connection to it.
    connection = await Connection.open(await findMaster(address), { ...address, database: 0 });
    const { refusal } = await askDurability(connection, address, replicas);
    if (refusal !== undefined || address.database === 0) return refusal;
    const reply = await connection.send("SELECT", [`${address.database}`]).catch((error: unknown) => error);
    return isReply(reply) ? `this Redis has no database ${address.database}: ${reply.message}` : undefined;
  } catch {
    // The store meets the same, and says so.
    return undefined;
  } finally {
    connection?.close();
  }
}
