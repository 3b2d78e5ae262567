import type { Host, RedisAddress } from "./address.ts";
import { fieldsOf, integer } from "./commands.ts";
import { Connection, isReply, nameOf, RedisAway } from "./connection.ts";

/** How long each Sentinel may take to answer, in milliseconds. */
const SENTINEL_DEADLINE_MS = 1000;
/** With Sentinels, a node whose master none of them has confirmed for so long takes no events. */
const CONFIRMED_MS = 10_000;

/** The master, as this node last heard of it. */
export class Master {
  readonly #address: RedisAddress;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  /** Of the newest failover that it has heard of. */
  #epoch = 0;

  constructor(address: RedisAddress) {
    this.#address = address;
  }

  /** Where it is. @throws RedisAway when no Sentinel knows. */
  async find(): Promise<Host> {
    const { epoch, hosts } = await mastersOf(this.#address);
    // Sentinels that were set up anew count from the beginning, too: they are believed when nobody knows better.
    if (epoch < this.#epoch && this.#isConfirmed)
      throw new RedisAway("the Sentinels that answer have missed a failover");
    this.#epoch = epoch;
    this.#confirmedAt = performance.now();
    return hosts[0];
  }

  /**
   * Asks the Sentinels whether it is still the same. When none answers that knows of its failover, that is as before.
   *
   * @throws RedisAway when it is another.
   */
  async confirm(host: Host): Promise<void> {
    if (this.#address.master === undefined) return;
    const found = await mastersOf(this.#address).catch(() => undefined);
    if (!found || found.epoch < this.#epoch) return;
    // Sentinels may have two names for one host.
    if (!found.hosts.some((each) => nameOf(each) === nameOf(host)))
      throw new RedisAway(`the master is ${nameOf(found.hosts[0])} now`);
    this.#epoch = found.epoch;
    this.#confirmedAt = performance.now();
  }

  /** @throws RedisAway when no Sentinel has confirmed it for too long. */
  assertConfirmed(): void {
    if (this.#address.master === undefined || this.#isConfirmed) return;
    throw new RedisAway(`no Sentinel has confirmed the master for ${CONFIRMED_MS / 1000} s`);
  }

  get #isConfirmed(): boolean {
    return performance.now() - this.#confirmedAt < CONFIRMED_MS;
  }
}

/**
 * Where the master is, by the address or by what the Sentinels say.
 *
 * @throws RedisAway when no Sentinel knows.
 */
export async function findMaster(address: RedisAddress): Promise<Host> {
  return (await mastersOf(address)).hosts[0];
}

/** What one Sentinel says. */
interface Answer {
  /** The number of the failover that made it the master: a majority of the Sentinels gives it, and the highest counts. */
  readonly epoch: number;
  readonly host: Host;
}

/** The master as the Sentinels with the newest epoch have it: one host, unless they have several names for it. */
interface Newest {
  readonly epoch: number;
  readonly hosts: readonly [Host, ...Host[]];
}

/**
 * All Sentinels are asked at once. A majority of answers is enough: one Sentinel alone may have missed a failover.
 * Where the address names the master itself, that is the answer.
 *
 * @throws RedisAway when no Sentinel knows.
 */
async function mastersOf(address: RedisAddress): Promise<Newest> {
  const { hosts, master } = address;
  if (master === undefined) return newestOf(0, hosts);
  const answers = new Map<Host, Answer>();
  const reasons: string[] = [];
  const isMajority = Promise.withResolvers<void>();
  const asked = hosts.map(async (sentinel) => {
    try {
      answers.set(sentinel, await ask(sentinel, master, address));
      if (answers.size > hosts.length / 2) isMajority.resolve();
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  });
  await Promise.race([isMajority.promise, Promise.all(asked)]);
  if (answers.size === 0)
    throw new RedisAway(`no Sentinel knows the master "${master}": ${reasons.join("; ")}`);
  const epoch = Math.max(...[...answers.values()].map((answer) => answer.epoch));
  // In the order of the address, whoever answers first.
  const named = hosts.flatMap((sentinel) => {
    const answer = answers.get(sentinel);
    return answer?.epoch === epoch ? [answer.host] : [];
  });
  return newestOf(epoch, named);
}

function newestOf(epoch: number, [host, ...others]: readonly Host[]): Newest {
  if (!host) throw new RedisAway("the address has no host");
  return { epoch, hosts: [host, ...others] };
}

async function ask(sentinel: Host, master: string, address: RedisAddress): Promise<Answer> {
  // A Sentinel has users of its own, and most have none.
  const plain = { ...address, username: undefined, password: undefined, database: 0 };
  const connection = await Connection.open(sentinel, plain);
  const say = (...args: readonly string[]): Promise<unknown> =>
    connection.send("SENTINEL", args, SENTINEL_DEADLINE_MS);
  try {
    // In this order: the host is no older than the epoch.
    const [about, host] = await Promise.all([say("MASTER", master), say("GET-MASTER-ADDR-BY-NAME", master)]);
    if (!Array.isArray(host)) throw new RedisAway(`${nameOf(sentinel)} watches no "${master}"`);
    return {
      epoch: integer(fieldsOf(about).get("config-epoch")),
      host: { hostname: String(host[0]), port: integer(host[1]) },
    };
  } catch (error) {
    if (!isReply(error)) throw error;
    const { message } = error;
    if (/unknown command/i.test(message)) throw new RedisAway(`${nameOf(sentinel)} is no Sentinel`);
    if (/no such master/i.test(message)) throw new RedisAway(`${nameOf(sentinel)} watches no "${master}"`);
    throw new RedisAway(`${nameOf(sentinel)} answers: ${message}`);
  } finally {
    connection.close();
  }
}
