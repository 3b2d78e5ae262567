import fc from "fast-check";
import { FAULTS, type Schedule } from "./simulation.ts";

/** Faults that come close together, so that they meet a recovery, or far apart. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  ends: fc.boolean(),
  replicas: fc.constantFrom(0, 0, 0, 1, 2),
  erases: fc.boolean(),
  faults: fc.array(
    fc.record({
      fault: fc.constantFrom(...FAULTS),
      after: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 70 }) },
        { weight: 2, arbitrary: fc.integer({ min: 100, max: 400 }) },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});
