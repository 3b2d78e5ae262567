import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Log } from "../../src/log/log.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { SqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Batch, Follower, Store } from "../../src/log/store.ts";
import { emptyFolder } from "../folder.ts";
import { draft } from "./draft.ts";
import { SlowStore } from "./slow-store.ts";

const unheard = {
  recipients: () => 0,
  deliver() {},
  rolledBack() {},
  storeFails() {},
  storeWorks() {},
  storeWarned() {},
  storeNoted() {},
  missed() {},
};

test("a store that keeps nothing finds out that it works again, however much is published", async () => {
  const path = join(emptyFolder(), "log.db");
  const log = new Log(new SqliteStore(path), unheard);
  await log.append([draft()]);
  rmSync(path);
  // What looks after the store, each second, is never alone in its turn.
  const publishAmidUpkeep = async () => {
    const both = await Promise.allSettled([log.append([draft()]), log.append([])]);
    return both.map(({ status }) => status);
  };
  expect(await publishAmidUpkeep()).toEqual(["rejected", "rejected"]);
  expect(await publishAmidUpkeep()).toEqual(["fulfilled", "fulfilled"]);
  await log.close();
});

/** Counts the groups of each append. */
class CountingStore extends MemoryStore {
  readonly groups: number[] = [];

  override append(batches: readonly Batch[]) {
    this.groups.push(batches.length);
    return super.append(batches);
  }
}

test("publishers of two groups, who publish again as soon as they are answered, become one", async () => {
  const store = new CountingStore();
  const log = new Log(new SlowStore(store, () => Bun.sleep(1)), unheard);
  const publishThrice = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await log.append([draft()]);
      // The answer goes out, and the next request comes in.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const first = Promise.all([publishThrice(), publishThrice()]);
  while (store.groups.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  await Promise.all([first, publishThrice(), publishThrice()]);
  expect(store.groups).toEqual([2, 4, 4, 2]);
  await log.close();
});

/** A store that tells of what it has kept when it is asked to, and can clear nothing. */
class LateStore extends MemoryStore {
  tell = (): void => {};

  override follow(follower: Follower) {
    const kept: Follower["kept"] = (entries) => {
      this.tell = () => follower.kept(entries);
    };
    return super.follow({ ...follower, kept });
  }

  override clearCurrent(): boolean {
    throw new Error("it can clear nothing");
  }
}

test("what is kept is answered so, though something else fails in the same turn", async () => {
  const store = new LateStore();
  const refused: number[] = [];
  const storeWorks = (outage: { readonly refused: number }) => refused.push(outage.refused);
  const log = new Log(store, { ...unheard, storeWorks });
  const published = log.append([draft()]);
  const cleared = log.clearCurrent("t", undefined);
  const opened = log.openTopic("t");
  const settled = Promise.allSettled([published, cleared, opened]);
  await cleared.catch(() => store.tell());
  expect(await settled).toMatchObject([
    { value: [{ position: 1, duplicate: false }] },
    { reason: { message: "the store fails: it can clear nothing" } },
    { value: false },
  ]);
  await log.append([]);
  expect(refused).toEqual([0]);
  await log.close();
});

/** A store that already knows of five events more, which it no longer holds. */
class StoreAhead extends MemoryStore {
  override read(after: number) {
    const from = (this.earliest ?? 0) + 6;
    return { entries: [], upTo: from, missing: { from: after + 1, to: from } };
  }
}

test("no gap reaches beyond the head: what comes after it is told when it is delivered", async () => {
  const log = new Log(new StoreAhead(), unheard);
  await log.append([draft(), draft()]);
  expect(log.head).toBe(2);
  expect(await log.read(1, 10)).toEqual({ entries: [], upTo: 2, missing: { from: 2, to: 2 } });
  await log.close();
});

test("a store that is closed before it has begun to tell has not failed", async () => {
  const { promise: closed, reject: close } = Promise.withResolvers<never>();
  const store: Store = Object.assign(new MemoryStore(), {
    follow: () => closed,
    close: () => close(new Error("the store is closed")),
  });
  const failures: unknown[] = [];
  const log = new Log(store, { ...unheard, storeFails: (failure) => failures.push(failure) });
  await log.close();
  expect(failures).toEqual([]);
});
