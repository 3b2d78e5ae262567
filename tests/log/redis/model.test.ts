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
      { numRuns: 40 * runs },
    );
  },
  60_000 * runs,
);

/** For each rule a schedule that breaks the promise without it. `FAULT+STEPS …` after the one before. */
const broken: readonly [rule: Rule, seed: number, faults: string][] = [
  ["a number is used once", 1, "flush+52, cut all+14, flush+35"],
  ["tell of what is rolled back", 1, "flush+52, cut all+14, flush+35"],
  ["erased on purpose", 1, "flush+52, cut all+14, flush+35"],
  ["notice another master", 2, "failback+15, partition+42"],
  ["put back names", 26, "partition+188, restart+26, partition+25, failover+48"],
  ["leave a hole", 35, "crash+31, restart+140, empty+178"],
  ["hear first", 38, "empty+22"],
  ["put back numbers", 40, "empty+18, cut all+12, crash+26"],
  ["choose again", 114, "empty+33, restart+31"],
  ["in flight until followed", 250, "failback+189, empty+57, empty+1, failover+25"],
  ["clip lives", 418, "failback+55, partition+23, restart+209, empty+28"],
  ["judge when in step", 819, "restart+8, cut+4"],
  ["cut names", 1070, "failover+25, partition+149, empty+205, failback+53"],
  ["wait when all is lost", 6, "empty+5, empty+11, cut all+8, empty+13"],
  ["merge numbers", 3, "cut+59, crash+77, empty+27"],
  ["cut numbers", 666, "failover+48, failback+72, failback+26"],
  ["put back what comes next", 1, "empty+42, failover+40, failover+15"],
  ["held when followed", 53, "crash+9, empty+14, failover+2, empty+1"],
  ["yield to a higher life", 181, "partition+21, partition+66, failback+8"],
];

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
});
