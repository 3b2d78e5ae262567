import { describe, expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import { WriteCoalescer } from "../../src/broker/write-coalescing.ts";
import { turn } from "../../src/timers.ts";
import { TestClock } from "../clock.ts";
import { entry } from "../log/draft.ts";
import { until } from "../until.ts";
import { addCrowd } from "./crowd.ts";
import { ReaderSink } from "./reader-sink.ts";
import { Recorder } from "./recorder.ts";

/** A coalescing on a clock that stands still, save while something is delivered. */
class Trial {
  /** The positions of each delivery, and when its oldest event was published. */
  readonly delivered: { positions: number[]; since: number }[] = [];
  now = 0;
  #position = 0;
  readonly coalescing: WriteCoalescer;

  /** Each delivery takes so many writes, and so long. */
  constructor({ writes, took }: { writes: number; took: number }) {
    this.coalescing = new WriteCoalescer(
      (entries, since) => {
        this.delivered.push({ positions: entries.map(({ position }) => position), since });
        this.now += took;
        return writes;
      },
      () => this.now,
    );
  }

  async add(json = "1"): Promise<void> {
    this.coalescing.add([entry(++this.#position, { json })], this.now);
    await this.turns();
  }

  /** Lets the clock go on a little at a time, as turns go by. */
  async turns(milliseconds = 0): Promise<void> {
    const until = this.now + milliseconds;
    do {
      this.now = Math.min(until, this.now + 0.05);
      for (let i = 0; i < 3; i++) await turn();
    } while (this.now < until);
  }

  get positions(): number[][] {
    return this.delivered.map(({ positions }) => positions);
  }
}

describe("events", () => {
  test("are delivered at once when nothing has been delivered for a while", async () => {
    const trial = new Trial({ writes: 1000, took: 8 });
    await trial.add();
    await trial.turns(20);
    trial.coalescing.add([entry(2)], trial.now);
    expect(trial.positions).toEqual([[1], [2]]);
  });

  test("are delivered at once when deliveries are small", async () => {
    const trial = new Trial({ writes: 10, took: 8 });
    for (let i = 0; i < 3; i++) await trial.add();
    expect(trial.positions).toEqual([[1], [2], [3]]);
  });

  test("that follow closely on a large delivery go out together, as soon as no other follows", async () => {
    const trial = new Trial({ writes: 1000, took: 8 });
    await trial.add();
    await trial.turns(1);
    const since = trial.now;
    for (let i = 0; i < 4; i++) {
      await trial.add();
      await trial.turns(0.3);
    }
    expect(trial.positions).toEqual([[1]]);
    await trial.turns(0.5);
    expect(trial.positions).toEqual([[1], [2, 3, 4, 5]]);
    expect(trial.delivered[1]?.since).toBe(since);
  });

  test("wait for half of what the delivery before took, however many follow", async () => {
    const trial = new Trial({ writes: 1000, took: 8 });
    await trial.add();
    for (let i = 0; i < 30; i++) {
      await trial.add();
      await trial.turns(0.2);
    }
    const [, second] = trial.positions;
    expect(second?.length).toBeGreaterThan(15);
    expect(second?.length).toBeLessThanOrEqual(21);
    await trial.turns(1);
    expect(trial.positions.flat()).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
  });

  test("never wait for longer than 10 ms, and with none following than half a millisecond", async () => {
    const trial = new Trial({ writes: 100_000, took: 1000 });
    await trial.add();
    await trial.turns(9);
    await trial.add();
    await trial.turns(0.4);
    expect(trial.positions).toEqual([[1]]);
    await trial.turns(0.2);
    expect(trial.positions).toEqual([[1], [2]]);
    await trial.turns(10.1);
    await trial.add();
    expect(trial.positions).toEqual([[1], [2], [3]]);
  });

  test("wait for no others once there is enough for a write", async () => {
    const trial = new Trial({ writes: 1000, took: 8 });
    await trial.add();
    await trial.add("x".repeat(5000));
    expect(trial.positions).toEqual([[1]]);
    await trial.add("x".repeat(5000));
    expect(trial.positions).toEqual([[1], [2, 3]]);
  });
});

test("what has gathered is delivered when it is asked for, and once", async () => {
  const trial = new Trial({ writes: 1000, took: 8 });
  await trial.add();
  await trial.add();
  trial.coalescing.flush();
  expect(trial.positions).toEqual([[1], [2]]);
  trial.coalescing.flush();
  await trial.turns(5);
  expect(trial.positions).toEqual([[1], [2]]);
});

describe("what has gathered", () => {
  /** A hub on which an event has just been delivered, and the next, `b`, gathers. */
  async function coalescing(options = {}) {
    const clock = new TestClock();
    const broker = new Broker({ ...options, clock });
    addCrowd(broker, clock);
    const stream = new Recorder();
    const { id } = broker.addClient(stream);
    await broker.publishBatch([{ type: "t", data: "a" }]);
    await turn();
    await broker.publishBatch([{ type: "t", data: "b" }]);
    return { broker, stream, id };
  }
  const both: [string, unknown][] = [
    ["t", "a"],
    ["t", "b"],
  ];

  test("is sent to a client before it is removed", async () => {
    const { broker, stream, id } = await coalescing();
    broker.removeClient(id);
    expect(stream.events).toEqual(both);
    expect(stream.closed).toBe(1);
    await broker.close();
  });

  test("is sent to all before the broker closes", async () => {
    const { broker, stream } = await coalescing();
    await broker.close();
    expect(stream.events).toEqual(both);
  });

  test("is not for a client that comes now", async () => {
    const { broker, stream } = await coalescing();
    const late = new Recorder();
    broker.addClient(late);
    expect(stream.events).toEqual(both);
    expect(late.events).toEqual([]);
    await broker.close();
  });

  test("is not told to who observes from now on", async () => {
    const { broker } = await coalescing();
    const seen: unknown[] = [];
    broker.observe((entries) => seen.push(...entries.map(({ json }) => json)));
    await broker.publishBatch([{ type: "t", data: "c" }]);
    await broker.close();
    expect(seen).toEqual(['"c"']);
  });

  test("is not lost on a client that a keep-alive makes full", async () => {
    const { broker } = await coalescing({ keepAlive: 1, stallTimeout: 0 });
    const stream = new ReaderSink();
    broker.addClient(stream);
    let published = 0;
    for (let round = 0; round < 20; round++) {
      stream.stall();
      while (broker.blockedCount === 0) {
        await broker.publishBatch([{ type: "t", data: published++ }]);
        await turn();
      }
      stream.drain();
      await until(() => broker.behindCount === 0);
    }
    await broker.close();
    const received = stream.read.events.filter(({ event }) => event === "t").map(({ data }) => Number(data));
    expect(received).toEqual(Array.from({ length: published }, (_, i) => i));
  });
});
