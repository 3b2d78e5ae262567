import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Entry, isNamed } from "../../src/log/entry.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { isRefusal, OutcomeUnknown, TopicEnded } from "../../src/log/store.ts";
import { silent } from "../../src/logger.ts";
import { encodeFrame, FrameReader } from "../../src/nodes/frames.ts";
import { Line } from "../../src/nodes/line.ts";
import { LogOwner } from "../../src/nodes/log-owner.ts";
import type { RemoteStore } from "../../src/nodes/remote-store.ts";
import { version } from "../../src/version.ts";
import { emptyFolder } from "../folder.ts";
import { draft } from "../log/draft.ts";
import { until } from "../until.ts";
import { shareLog } from "./shared-log.ts";

/** A store that neither erases nor makes backups. */
class KeepingStore extends MemoryStore {
  constructor() {
    super();
    Object.assign(this, { erase: undefined, backup: undefined });
  }
}

/** Follows a store, and keeps what it tells. */
function follow(store: RemoteStore) {
  const told: Entry[] = [];
  const failures: unknown[] = [];
  const { head } = store.follow({
    kept: (entries) => told.push(...entries),
    rolledBack() {},
    failed: (error) => failures.push(error),
    works() {},
    warned() {},
    noted() {},
  });
  return { head, told, failures };
}

/** An entry's data; what a node has of another's is read only now. */
function dataOf(entry: Entry) {
  const { word, position, id, keptAt, recipients, type, json, text, topics, retry, retain, end } = entry;
  const frame = new TextDecoder().decode(entry.frame);
  const rest = { isPrivate: entry.private, erased: entry.erased, isNamed: isNamed(entry), frame };
  return { word, position, id, keptAt, recipients, type, json, text, topics, retry, retain, end, ...rest };
}

const append = (store: RemoteStore, ...drafts: ReturnType<typeof draft>[]) =>
  store.append([{ drafts, recipients: drafts.map(() => 0) }]);

test("what one node appends, all are told in one order, and their answers come after it", async () => {
  const log = await shareLog(new MemoryStore(), emptyFolder());
  const followers = log.stores.map(follow);
  const appended = await Promise.all(
    log.stores.flatMap((store, node) =>
      Array.from({ length: 20 }, async (_, n) => {
        const [receipts] = await append(store, draft({ json: `"${node}.${n}"` }));
        if (!Array.isArray(receipts)) throw new Error("refused");
        const told = followers[node]?.told.map(({ id }) => id) ?? [];
        expect(told).toContain(receipts[0].id);
        return receipts[0].id as string;
      }),
    ),
  );
  await until(() => followers.every(({ told }) => told.length === 60));
  const [first] = followers;
  for (const { told } of followers) expect(told.map(dataOf)).toEqual((first?.told ?? []).map(dataOf));
  expect(new Set(appended)).toEqual(new Set(first?.told.map(({ id }) => id)));
  await log.close();
});

const drafts = fc.record({
  // Of a few, so that some are published again, and some with other data.
  id: fc.option(fc.constantFrom("a", "b", "c\u2028"), { nil: undefined, freq: 2 }),
  type: fc.option(fc.constantFrom("x", "y"), { nil: undefined }),
  json: fc.constantFrom("1", '"\u00e9\u2028\ud83d\ude00"', '{"a":[1.0,"\\n"]}'),
  topics: fc.subarray(["t", "u", "v"]),
  retry: fc.option(fc.nat(), { nil: undefined }),
  private: fc.boolean(),
  retain: fc.boolean(),
  end: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});
const requests = fc.array(
  fc.record({
    node: fc.nat(2),
    batches: fc.array(fc.array(drafts, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
);

test("whatever is appended, new or not, in whatever batches, all nodes are told the same of it", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (sent) => {
      const log = await shareLog(new MemoryStore(), emptyFolder());
      const followers = log.stores.map(follow);
      const answered = await Promise.all(
        sent.map(async ({ node, batches }) => {
          const given = batches.map((each) =>
            each.map((one) => draft({ ...one, end: one.end && one.topics.length > 0 })),
          );
          const answers = await log.stores[node]?.append(
            given.map((drafts) => ({ drafts, recipients: drafts.map((_, i) => i) })),
          );
          expect(answers?.map((one) => (isRefusal(one) ? undefined : one.length))).toEqual(
            answers?.map((one, i) => (isRefusal(one) ? undefined : given[i]?.length)),
          );
          return (answers ?? []).flatMap((one) => (isRefusal(one) ? [] : one));
        }),
      );
      await until(() => followers.every(({ told }) => (told.at(-1)?.position ?? 0) === log.head));
      const { entries } = await log.owner.log.read(0, 1000);
      for (const { told } of followers) expect(told.map(dataOf)).toEqual(entries.map(dataOf));
      const byPosition = new Map(entries.map((entry) => [entry.position, entry]));
      for (const { position, id, recipients } of answered.flat()) {
        expect(byPosition.get(position)).toMatchObject({ id, recipients });
      }
      const fresh = answered.flat().filter(({ duplicate }) => !duplicate);
      expect(fresh.map(({ position }) => position).sort((a, b) => a - b)).toEqual(
        entries.map(({ position }) => position),
      );
      await log.close();
    }),
    { numRuns: 40 },
  );
});

test("a cursor that another node was told of is found, at once", async () => {
  const log = await shareLog(new MemoryStore(), emptyFolder());
  const [one, two] = log.stores as [RemoteStore, RemoteStore];
  for (const store of log.stores) follow(store);
  for (let n = 1; n <= 20; n++) {
    const [receipts] = await append(one, draft({ id: `e${n}` }), draft({}));
    if (!Array.isArray(receipts)) throw new Error("refused");
    expect(await two.locate(`e${n}`, () => true)).toBe(2 * n - 1);
    expect(await two.locate(receipts[1].id, () => true)).toBe(2 * n);
  }
  expect(await two.locate("e21", () => true)).toBeUndefined();
  await log.close();
});

test("an id on several topics is located where the reader may read it", async () => {
  const log = await shareLog(new MemoryStore(), emptyFolder());
  const [store] = log.stores as [RemoteStore];
  follow(store);
  for (const topic of ["a", "b", "c"]) await append(store, draft({ id: "x", topics: [topic] }));
  expect(await store.locate("x", ({ topics }) => topics[0] === "c")).toBe(3);
  expect(await store.locate("x", ({ topics }) => topics[0] === "d")).toBeUndefined();
  await log.close();
});

test("an id is located though an earlier event of it goes while the node looks", async () => {
  const log = await shareLog(new MemoryStore({ events: 2 }), emptyFolder(), undefined, 1);
  const [store] = log.stores as [RemoteStore];
  follow(store);
  for (const topic of ["a", "b"]) await append(store, draft({ id: "x", topics: [topic] }));
  let next: Promise<unknown> = Promise.resolve();
  const position = await store.locate("x", ({ topics }) => {
    if (topics[0] === "b") return true;
    next = log.owner.log.append([draft({})]);
    return false;
  });
  expect(position).toBe(2);
  await next;
  await log.close();
});

test("a node that comes later reads what it was not told, from the owner", async () => {
  const log = await shareLog(new MemoryStore(), emptyFolder(), undefined, 1);
  const [first] = log.stores as [RemoteStore];
  follow(first);
  await append(first, ...Array.from({ length: 300 }, (_, n) => draft({ json: String(n) })));
  const { store } = await log.join("late");
  expect(follow(store).head).toBe(300);
  const read: string[] = [];
  for (let after = 0; after < 300; ) {
    const { entries, upTo } = await store.read(after, 100);
    read.push(...entries.map(({ json }) => json));
    after = upTo;
  }
  expect(read).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
  expect(await store.erase?.(7)).toBeTrue();
  expect((await store.read(6, 1)).entries[0]?.erased).toBeTrue();
  await until(async () => (await first.read(6, 1)).entries[0]?.erased);
  await log.close();
});

test("all nodes know the topics that have ended, and one that comes later too", async () => {
  const log = await shareLog(new MemoryStore(undefined, undefined, {}, 2), emptyFolder());
  const [one, two] = log.stores as [RemoteStore, RemoteStore];
  const knownWhenTold: (boolean | undefined)[] = [];
  for (const store of log.stores) {
    store.follow({
      kept: (entries) =>
        knownWhenTold.push(...entries.map(({ topics }) => store.ended?.get(topics[0] ?? "") !== undefined)),
      rolledBack() {},
      failed() {},
      works() {},
      warned() {},
      noted() {},
    });
  }
  const ending = (topic: string) => draft({ topics: [topic], end: true });
  await append(one, ending("a"), ending("b"));
  await until(() => knownWhenTold.length === 6);
  expect(new Set(knownWhenTold)).toEqual(new Set([true]));
  const [refused] = await append(two, draft({ topics: ["a"] }));
  expect(refused).toEqual(new TopicEnded("a"));

  expect([await two.openTopic?.("a"), await two.openTopic?.("a")]).toEqual([true, false]);
  expect(two.ended?.get("a")).toBeUndefined();
  await append(two, ending("c"), ending("d"));
  const late = await log.join("late");
  const names = (store: RemoteStore) => store.ended?.all().map(({ topic }) => topic);
  await until(() => log.stores.every((store) => names(store)?.join() === "c,d"));
  expect(names(late.store)).toEqual(["c", "d"]);
  await log.close();
});

test("all nodes have the same current values, and one that comes later too", async () => {
  const log = await shareLog(new MemoryStore({}, undefined, { values: 3 }), emptyFolder());
  const [one, two] = log.stores as [RemoteStore, RemoteStore];
  for (const store of log.stores) follow(store);
  const retained = (...topics: string[]) => draft({ topics, retain: true });
  await append(one, retained("a", "b"), retained("b"), retained("c"), retained("d"));
  await append(two, draft({ topics: ["a"] }));
  const values = (store: RemoteStore) =>
    store.current?.read(0, 100, 100).values.map(({ entry, topics }) => [entry.position, ...topics]);
  const expected = [
    [2, "b"],
    [3, "c"],
    [4, "d"],
  ];
  await until(() => log.stores.every((store) => Bun.deepEquals(values(store), expected)));
  expect(log.stores.map((store) => store.current?.dropped)).toEqual([1, 1, 1]);
  expect(await two.clearCurrent?.("t", "c")).toBeTrue();
  expect(await two.clearCurrent?.("t", "c")).toBeFalse();
  expect(await two.erase?.(4)).toBeTrue();
  await until(() => log.stores.every((store) => Bun.deepEquals(values(store), [[2, "b"]])));
  const { store: late } = await log.join("late");
  expect(values(late)).toEqual([[2, "b"]]);
  await log.close();
});

test("a node offers to erase and to back up where the store of its owner can", async () => {
  const erasing = await shareLog(new MemoryStore(), emptyFolder(), undefined, 1);
  expect(erasing.stores[0]).toMatchObject({ erase: expect.any(Function), backup: expect.any(Function) });
  await erasing.close();
  const keeping = await shareLog(new KeepingStore(), emptyFolder(), undefined, 1);
  expect(keeping.stores[0]?.erase).toBeUndefined();
  expect(keeping.stores[0]?.backup).toBeUndefined();
  await keeping.close();
});

test("when the owner goes amid an append, nobody knows how it went", async () => {
  const log = await shareLog(new MemoryStore(), emptyFolder());
  const [store] = log.stores as [RemoteStore];
  follow(store);
  const appended = append(store, draft({}));
  for (const link of log.links) link.close();
  expect(await appended.catch((error: unknown) => error)).toBeInstanceOf(OutcomeUnknown);
  expect(await append(store, draft({})).catch((error: unknown) => error)).toBeInstanceOf(OutcomeUnknown);
  await log.close();
});

/** A node by hand, whose socket takes bytes when it is told to. */
function handNode(owner: LogOwner) {
  const reader = new FrameReader();
  const messages: { type: string; lengths?: number[] }[] = [];
  let isOpen = true;
  const line = new Line({
    write(bytes) {
      if (!isOpen) return 0;
      for (const { message } of reader.read(Buffer.from(bytes))) messages.push(message as { type: string });
      return bytes.length;
    },
    end() {},
  });
  owner.accept(line);
  line.data(Buffer.from(encodeFrame({ type: "hello", protocol: 1, version, node: "hand" })));
  return {
    line,
    messages,
    stop: () => {
      isOpen = false;
    },
    goOn: () => {
      isOpen = true;
      line.drain();
    },
  };
}

test("a node that does not read costs a bounded queue, and is read to from the log later", async () => {
  const owner = new LogOwner({ store: new MemoryStore({ events: 1000, bytes: 1e9 }), logger: silent });
  const node = handNode(owner);
  await until(() => node.messages.some(({ type }) => type === "nodes"));
  node.stop();
  const json = JSON.stringify("x".repeat(100_000));
  for (let i = 0; i < 100; i++) await owner.log.append([draft({ json })]);
  expect(node.line.waiting).toBeGreaterThan(4e6);
  expect(node.line.waiting).toBeLessThan(5e6);
  node.goOn();
  await until(() => node.messages.filter(({ type }) => type === "kept").length >= 30);
  const count = () =>
    node.messages.reduce((sum, { type, lengths = [] }) => sum + (type === "kept" ? lengths.length : 0), 0);
  // Each of these events fills a block.
  await until(() => count() === 100);
  await owner.log.append([draft({ json })]);
  await until(() => count() === 101);
  await owner.close();
});

test("a node that is behind by more than is held is told so", async () => {
  const owner = new LogOwner({ store: new MemoryStore({ events: 10 }), logger: silent });
  const node = handNode(owner);
  await until(() => node.messages.some(({ type }) => type === "nodes"));
  node.stop();
  const json = JSON.stringify("x".repeat(100_000));
  for (let i = 0; i < 100; i++) await owner.log.append([draft({ json })]);
  node.goOn();
  await until(() => node.messages.some(({ type }) => type === "lost"));
  await owner.close();
});
