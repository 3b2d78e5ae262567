import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { schedules } from "./schedules.ts";
import { type Fault, type Rule, Simulation, Violation } from "./simulation.ts";

/** How many times as many schedules as usual. */
const runs = Number(process.env["TIDINGS_TEST_RUNS"] ?? 1);

test(
  "every schedule of faults keeps what was acknowledged, in one order, or tells of the loss",
  () => {
    fc.assert(
      fc.property(schedules, (schedule) => new Simulation(schedule).run()),
      // Other schedules each time; one that fails is printed, with the seed.
      { numRuns: 40 * runs },
    );
  },
  60_000 * runs,
);

/** For each rule a schedule that breaks the promise without it. `FAULT+STEPS …` after the one before. */
const broken: readonly [rule: Rule, seed: number, faults: string][] = [
  ["a number is used once", 1, "flush+52, cut all+14, flush+35"],
  ["tell of what is rolled back", 5, "flush+12"],
  ["erased on purpose", 76, "flush+326"],
  ["notice another master", 1001, "failback+51, heal+27, join+260, crash+54"],
  ["put back names", 1008, "empty+283"],
  ["leave a hole", 35, "crash+31, restart+140, empty+178"],
  ["hear first", 11, "empty+15"],
  ["put back numbers", 11, "empty+15"],
  ["choose again", 38, "empty+27"],
  ["in flight until followed", 1027, "empty+39, down+43, partition+399, restart+296"],
  ["clip lives", 23, "heal+37, down+66, empty+284"],
  ["judge when in step", 41, "restart+23, failover+215"],
  ["cut names", 1, "partition+14, failover+131"],
  ["wait when all is lost", 11, "empty+15"],
  ["merge numbers", 3, "cut+59, crash+77, empty+27"],
  ["cut numbers", 21, "crash+66, partition+5, failback+350"],
  ["put back what comes next", 1, "empty+42, failover+40, failover+15"],
  ["held when followed", 164, "crash+40, empty+16"],
  ["a jump counts for nothing", 11, "clock ahead+8"],
  ["yield to a higher life", 40, "partition+56, failback+188"],
];

/** The same for erasures. */
const revived: readonly [rule: Rule, seed: number, faults: string][] = [
  ["rewrite what was read", 8, "empty+66"],
  ["rewrite what was put back", 1, "empty+17"],
  ["put back without what is erased", 1, "empty+17"],
];

/** Schedules that a run of many has found to break the promise, though the rules were kept. */
const found: readonly [about: string, seed: number, faults: string, ends?: boolean][] = [
  [
    "both sides of a partition open a life of one number, and the master is the old one again",
    140,
    "down+20, restart+301, partition+68, failback+254",
  ],
  [
    "the answer to a try that was given up is no answer to the next one",
    2147483623,
    "failover+56, crash+167, empty+26, failover+1",
  ],
  [
    "an end that one server has dropped past the bound is in force again on another",
    18,
    "cut+21, partition+34, failover+15",
    true,
  ],
];

test.each(found.map((each) => [...each] as const))("%s", (_, seed, faults, ends = false) => {
  new Simulation({ seed, faults: faultsOf(faults), ends }).run();
});

function faultsOf(text: string): { fault: Fault; after: number }[] {
  return text.split(", ").map((each) => {
    const [fault = "", after] = each.split("+");
    return { fault: fault as Fault, after: Number(after) };
  });
}

describe("without a rule the promise is broken", () => {
  test.each(broken.map((each) => [...each] as const))("%s", (rule, seed, faults) => {
    const schedule = { seed, faults: faultsOf(faults) };
    expect(() => new Simulation(schedule, { off: new Set([rule]) }).run()).toThrow(Violation);
    expect(() => new Simulation(schedule).run()).not.toThrow();
  });

  test.each(revived.map((each) => [...each] as const))("%s", (rule, seed, faults) => {
    const schedule = { seed, faults: faultsOf(faults), erases: true };
    expect(() => new Simulation(schedule, { off: new Set([rule]) }).run()).toThrow(Violation);
    expect(() => new Simulation(schedule).run()).not.toThrow();
  });

  test.each([
    ["wait for the replicas", 1],
    ["write before the wait", 16],
  ] as const)("%s", (rule, seed) => {
    const schedule = { seed, faults: faultsOf("restart+34"), replicas: 1 };
    expect(() => new Simulation(schedule, { off: new Set([rule]) }).run()).toThrow(Violation);
    expect(() => new Simulation(schedule).run()).not.toThrow();
  });

  test("refuse on ended topics", () => {
    const schedule = { seed: 1, faults: faultsOf("restart+50"), ends: true };
    expect(() =>
      new Simulation(schedule, { off: new Set(["refuse on ended topics" as const]) }).run(),
    ).toThrow(Violation);
    expect(() => new Simulation(schedule).run()).not.toThrow();
  });
});
