import { expect, test } from "bun:test";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { publish, readAll, type Stored } from "./hub-client.ts";

/** Each start takes as long as all of its processes do. */
const killsOf = (workers: number) => (workers > 1 ? 15 : 50);
/** After so many kills, all that is held is looked through. */
const LOOK_EVERY = 10;

/** A group of events that is kept as a whole or not at all. */
interface Group {
  readonly name: string;
  readonly size: number;
  /** With ids, a group is published again until it is acknowledged. */
  readonly named: boolean;
}

/** Who publishes one group after the other, and knows what was acknowledged. */
class Publisher {
  readonly acknowledged = new Map<string, readonly string[]>();
  readonly begun = new Map<string, Group>();
  readonly #name: number;
  #count = 0;
  #again: Group | undefined;

  constructor(name: number) {
    this.#name = name;
  }

  /** Publishes until the hub is gone. */
  async run(url: string): Promise<void> {
    for (;;) {
      const group = this.#again ?? this.#next();
      this.#again = undefined;
      let ids: readonly string[];
      try {
        const answer = await publish(url, eventsOf(group));
        if (!answer.ok) throw new Error(`${answer.status}`);
        ids = ((await answer.json()) as { ids: string[] }).ids;
      } catch {
        if (group.named) this.#again = group;
        return;
      }
      this.acknowledged.set(group.name, ids);
    }
  }

  #next(): Group {
    const n = this.#count++;
    const sizes = [1, 2, 20, 200];
    const group = {
      name: `${this.#name}.${n}`,
      size: sizes[n % sizes.length] as number,
      named: n % 3 === 0,
    };
    this.begun.set(group.name, group);
    return group;
  }
}

function eventsOf({ name, size, named }: Group) {
  return Array.from({ length: size }, (_, n) => ({
    type: "n",
    data: { group: name, n, text: "x".repeat((n * 37) % 300) },
    ...(named && { id: `${name}/${n}` }),
  }));
}

for (const workers of process.platform === "linux" ? [1, 3] : [1]) {
  test(`killed ${killsOf(workers)} times under load, it has every acknowledged event once, and no part of a batch (${workers} workers)`, async () => {
    const kills = killsOf(workers);
    const folder = emptyFolder();
    const publishers = Array.from({ length: 6 }, (_, i) => new Publisher(i));
    const settings = [
      "--workers",
      String(workers),
      "--store",
      "events.db",
      "--history-events",
      "10000000",
      "--history-bytes",
      "10GiB",
    ];
    let held = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const hub = await serveBinary(folder, ...settings);
      if (kill % LOOK_EVERY === 0) held = assertWhole(await readAll(hub.url), publishers);
      const running = publishers.map((publisher) => publisher.run(hub.url));
      await Bun.sleep(Math.random() * 120);
      // On average each has taken something before it is killed.
      await until(() => acknowledgedOf(publishers) >= kill);
      hub.kill("SIGKILL");
      await hub.exited;
      await Promise.all(running);
    }
    const { url } = await serveBinary(folder, ...settings);
    const events = await readAll(url);
    expect(assertWhole(events, publishers)).toBeGreaterThanOrEqual(held);
    console.log(
      `${kills} kills: ${acknowledgedOf(publishers)} acknowledged publishes, ${events.length} events`,
    );
  }, 120_000);
}

const acknowledgedOf = (publishers: readonly Publisher[]) =>
  publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);

/** Holds what is stored against what was acknowledged; returns how many events that are. */
function assertWhole(events: readonly Stored[], publishers: readonly Publisher[]): number {
  const found = new Map<string, Stored[]>();
  for (const event of events) {
    const { group } = event.data as { group: string };
    found.set(group, [...(found.get(group) ?? []), event]);
  }
  let acknowledged = 0;
  for (const publisher of publishers) {
    for (const [name, ids] of publisher.acknowledged) {
      expect(found.get(name)?.map(({ id }) => id)).toEqual([...ids]);
      acknowledged += ids.length;
    }
    for (const [name, group] of publisher.begun) {
      const stored = found.get(name);
      // In its order, once, and whole: whether it was acknowledged or not.
      if (stored) expect(stored.map(({ data }) => data)).toEqual(eventsOf(group).map(({ data }) => data));
      found.delete(name);
    }
  }
  expect([...found.keys()]).toEqual([]);
  return acknowledged;
}
