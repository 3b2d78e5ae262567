import { afterAll, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Interest } from "../../src/broker/interest.ts";
import type { EventInput } from "../../src/events/event-input.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { RedisStore } from "../../src/log/redis/redis-store.ts";
import { SqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { turn } from "../../src/timers.ts";
import { clockOf } from "../clock.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { SlowStore } from "../log/slow-store.ts";
import { shareLog } from "../nodes/shared-log.ts";
import { FaultyStore } from "./faulty-store.ts";
import { assertPromise, type From, type Step } from "./promise.ts";

// In memory where there is such a folder: what waits for a disk is not what is tested.
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tidings-promise-"));
afterAll(() => rmSync(folder, { recursive: true }));

// Few names, so that they meet.
const topic = fc.constantFrom("a", "a/1", "a/2", "b");
const pattern = fc.oneof(topic, fc.constantFrom("*", "a/*"));
const type = fc.constantFrom("t", "u");
const interest: fc.Arbitrary<Interest> = fc.record({
  topics: fc.array(pattern, { maxLength: 2 }),
  types: fc.array(type, { maxLength: 1 }),
  privateTopics: fc.array(pattern, { maxLength: 1 }),
});

// Some are larger than a chunk, and some larger than what is given to a stream at once.
const size = fc.oneof(
  { weight: 20, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constant(20_000) },
  { weight: 1, arbitrary: fc.constant(150_000) },
);
const event: fc.Arbitrary<EventInput> = fc
  .record({
    type,
    data: fc.tuple(fc.nat(2), size).map(([n, size]) => ({ n, text: "x".repeat(size) })),
    topics: fc.array(topic, { maxLength: 2 }),
    private: fc.boolean(),
    // Often the same, with the same content or another.
    id: fc.option(fc.constantFrom("one", "two", "three"), { freq: 3, nil: undefined }),
  })
  .map((event) => ({ ...event, private: event.private && event.topics.length > 0 }));

// Of some schedules, some events are the last of their topics, which may be opened again.
const lastEvent = fc
  .tuple(event, fc.integer({ max: 7, min: 0 }))
  .map(
    ([one, n]): EventInput => ({ ...one, end: n === 0 && one.topics !== undefined && one.topics.length > 0 }),
  );

/** Some become current values. */
const retained = fc.tuple(event, fc.boolean()).map(([event, retain]) => ({ ...event, retain }));

// More than a client that is behind is sent in one step.
const manyEvents = fc
  .integer({ min: 250, max: 600 })
  .map((count) => Array(count).fill({ type: "t", data: 0 }));

const client = fc.nat(20);
const from: fc.Arbitrary<From> = fc.oneof(
  fc.constantFrom<From>("now", "earliest", "unknown", "000000000000-3", "bbbbbbbbbbbb-3", "beginning"),
  fc.record({ id: fc.nat(40) }),
  fc.record({ place: fc.nat(40) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish"),
      events: fc.oneof(
        { weight: 10, arbitrary: fc.array(event, { minLength: 1, maxLength: 3 }) },
        { weight: 10, arbitrary: fc.array(event, { maxLength: 30 }) },
        { weight: 1, arbitrary: manyEvents },
      ),
    }) as fc.Arbitrary<Step>,
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("connect"), interest, from }) as fc.Arbitrary<Step> },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("come back", "leave", "fail", "stall", "stall", "drain", "drain"),
      client,
    }) as fc.Arbitrary<Step>,
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("turn"), count: fc.nat(3) }) as fc.Arbitrary<Step> },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("pass"), milliseconds: fc.nat(100) }) as fc.Arbitrary<Step>,
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "restart" }) },
);
const stepWithEnds: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: step },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish"),
      events: fc.array(lastEvent, { minLength: 1, maxLength: 3 }),
    }) as fc.Arbitrary<Step>,
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open"), topic }) as fc.Arbitrary<Step> },
);
const steps = fc.oneof(
  fc.array(step, { maxLength: 60, size: "max" }),
  fc.array(stepWithEnds, { maxLength: 60, size: "max" }),
);
const losses: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("lose"), from: fc.nat(60), count: fc.nat(5) }) as fc.Arbitrary<Step>,
  fc.record({ do: fc.constant("roll back"), count: fc.nat(5) }) as fc.Arbitrary<Step>,
);
const stepsWithLosses = fc.array(
  fc.oneof({ weight: 10, arbitrary: step }, { weight: 1, arbitrary: losses }),
  { maxLength: 60, size: "max" },
);
const stepsWithValues = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: step },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("publish"),
        events: fc.array(retained, { minLength: 1, maxLength: 5 }),
      }) as fc.Arbitrary<Step>,
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("clear"),
        type,
        topic: fc.option(topic, { nil: undefined }),
      }) as fc.Arbitrary<Step>,
    },
  ),
  { maxLength: 60, size: "max" },
);
const allSteps = fc.oneof(steps, stepsWithValues);
const bounds = fc.record({
  events: fc.constantFrom(1, 3, 10, 1000),
  bytes: fc.constantFrom(2000, 300_000, 1e9),
  age: fc.constantFrom(50, Number.POSITIVE_INFINITY),
});
const timers = fc.record({ stallTimeout: fc.constantFrom(0, 0, 1), keepAlive: fc.constantFrom(0, 1) });

const runs = Number(process.env["TIDINGS_TEST_RUNS"] ?? 1);

/** How long schedules are begun, in milliseconds. A slow machine tries fewer. */
const BEGUN_WITHIN_MS = 60_000 * runs;
/** One schedule takes some hundredths of a second; one that takes as long as this has come to a halt. */
const HALTED_AFTER_MS = 25_000;
const TEST_TIMEOUT_MS = BEGUN_WITHIN_MS + 60_000;

/** Tries so many schedules. One that fails, or comes to a halt, is told with its seed. */
async function tryMany<T>(
  count: number,
  all: fc.Arbitrary<T>,
  run: (one: T) => Promise<void>,
): Promise<void> {
  const end = performance.now() + BEGUN_WITHIN_MS;
  const property = fc.asyncProperty(all, async (one) => {
    if (performance.now() < end) await run(one);
  });
  await fc.assert(property, { numRuns: count * runs, timeout: HALTED_AFTER_MS });
}

test(
  "every schedule keeps the promise, with the log in memory",
  async () => {
    await tryMany(1500, fc.record({ steps: allSteps, bounds, timers }), async ({ steps, bounds, timers }) => {
      await assertPromise(steps, {
        open: (clock) => new MemoryStore(bounds, clockOf(clock)),
        lasts: false,
        ...timers,
      });
    });
  },
  TEST_TIMEOUT_MS,
);

test(
  "every schedule keeps the promise, while events gather between deliveries",
  async () => {
    await tryMany(100, fc.record({ steps: allSteps, bounds }), async ({ steps, bounds }) => {
      await assertPromise(steps, {
        open: (clock) => new MemoryStore(bounds, clockOf(clock)),
        lasts: false,
        // What is slow here are not the clients.
        ...{ stallTimeout: 0, keepAlive: 1 },
        crowd: true,
      });
    });
  },
  TEST_TIMEOUT_MS,
);

test(
  "every schedule keeps the promise, with a log that loses events",
  async () => {
    await tryMany(
      500,
      fc.record({ steps: stepsWithLosses, timers, crowd: fc.boolean() }),
      async ({ steps, timers, crowd }) => {
        await assertPromise(steps, {
          open: () => new FaultyStore(),
          lasts: false,
          ...(crowd ? { stallTimeout: 0, keepAlive: 1, crowd } : timers),
        });
      },
    );
  },
  TEST_TIMEOUT_MS,
);

test(
  "every schedule keeps the promise, with a log that takes its time",
  async () => {
    await tryMany(
      100,
      fc.record({ steps, bounds, crowd: fc.boolean() }),
      async ({ steps, bounds, crowd }) => {
        await assertPromise(steps, {
          open: (clock) => new SlowStore(new MemoryStore(bounds, clockOf(clock)), turn),
          lasts: false,
          ...{ stallTimeout: 0, keepAlive: 1 },
          crowd,
        });
      },
    );
  },
  TEST_TIMEOUT_MS,
);

test(
  "every schedule keeps the promise, with the log in a file",
  async () => {
    let files = 0;
    await tryMany(300, fc.record({ steps: allSteps, bounds, timers }), async ({ steps, bounds, timers }) => {
      const path = join(folder, `${files++}.db`);
      await assertPromise(steps, {
        open: (now) => new SqliteStore(path, { bounds, clock: clockOf(now) }),
        lasts: true,
        ...timers,
      });
      rmSync(path);
    });
  },
  TEST_TIMEOUT_MS,
);

test.skipIf(redisProgram === undefined)(
  "every schedule keeps the promise, with the log in Redis",
  async () => {
    const { url } = await startRedis();
    let hubs = 0;
    await tryMany(
      100,
      fc.record({ steps: allSteps, bounds, crowd: fc.boolean() }),
      async ({ steps, bounds: { events, bytes }, crowd }) => {
        const address = `${url}?prefix=hub${hubs++}`;
        await beginLog(address);
        await assertPromise(steps, {
          // Redis has a clock of its own, on which events get old.
          open: () => new RedisStore(address, { bounds: { events, bytes } }),
          lasts: true,
          ...{ stallTimeout: 0, keepAlive: 1 },
          crowd,
        });
      },
    );
  },
  TEST_TIMEOUT_MS,
);

test(
  "every schedule keeps the promise, with three nodes that follow one log",
  async () => {
    await tryMany(300, fc.record({ steps: allSteps, bounds, timers }), async ({ steps, bounds, timers }) => {
      await assertPromise(steps, {
        open: (clock) => shareLog(new MemoryStore(bounds, clockOf(clock)), folder),
        lasts: false,
        ...timers,
      });
    });
  },
  TEST_TIMEOUT_MS,
);

test(
  "every schedule keeps the promise, with three nodes that read one file",
  async () => {
    let files = 0;
    await tryMany(200, fc.record({ steps: allSteps, bounds, timers }), async ({ steps, bounds, timers }) => {
      const path = join(folder, `shared${files++}.db`);
      await assertPromise(steps, {
        open: (clock) =>
          shareLog(new SqliteStore(path, { bounds, shared: true, clock: clockOf(clock) }), folder, path),
        lasts: true,
        ...timers,
      });
    });
  },
  TEST_TIMEOUT_MS,
);
