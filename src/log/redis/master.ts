import type { Host, RedisAddress } from "./address.ts";
import { Connection, isReply, nameOf, RedisAway } from "./connection.ts";

/** How long each Sentinel may take, in milliseconds. */
const SENTINEL_DEADLINE_MS = 1000;
/** With Sentinels, a node whose master none of them has confirmed for so long takes no events. */
const CONFIRMED_MS = 10_000;

/** The master, as this node last heard of it. */
export class Master {
  readonly #address: RedisAddress;
  #confirmedAt = 0;

  constructor(address: RedisAddress) {
    this.#address = address;
  }

  /** Where it is. @throws RedisAway when no Sentinel knows. */
  async find(): Promise<Host> {
    const host = await findMaster(this.#address);
    this.#confirmedAt = performance.now();
    return host;
  }

  /**
   * Asks the Sentinels whether it is still the same. When none answers, that is as before.
   *
   * @throws RedisAway when it is another.
   */
  async confirm(host: Host): Promise<void> {
    if (this.#address.master === undefined) return;
    const found = await findMaster(this.#address).catch(() => undefined);
    if (!found) return;
    if (nameOf(found) !== nameOf(host)) throw new RedisAway(`the master is ${nameOf(found)} now`);
    this.#confirmedAt = performance.now();
  }

  /** @throws RedisAway when no Sentinel has confirmed it for too long. */
  assertConfirmed(): void {
    if (this.#address.master === undefined || performance.now() - this.#confirmedAt < CONFIRMED_MS) return;
    throw new RedisAway(`no Sentinel has confirmed the master for ${CONFIRMED_MS / 1000} s`);
  }
}

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
