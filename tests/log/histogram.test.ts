import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../src/log/histogram.ts";

test("every value is in the first bucket that is large enough, and in the count and the sum", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -10, max: 300 })), (values) => {
      const bounds = [0, 10, 100];
      const histogram = new Histogram(bounds);
      for (const value of values) histogram.add(value);
      expect(histogram.count).toBe(values.length);
      expect(histogram.sum).toBe(values.reduce((sum, value) => sum + value, 0));
      const below = (bound: number) => values.filter((value) => value <= bound).length;
      expect(histogram.counts).toEqual([below(0), below(10) - below(0), below(100) - below(10)]);
    }),
  );
});
