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
const broken: readonly [rule: Rule, seed: number, faults: string][] = [];

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
