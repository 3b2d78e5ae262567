import { expect, test } from "bun:test";
import fc from "fast-check";
import { RateLimit } from "../../../src/http/limits/rate-limit.ts";

/** A limit with a clock that the test moves. */
function limited(perSecond: number) {
  let now = 0;
  const limit = new RateLimit(perSecond, { now: () => now });
  return { limit, pass: (seconds: number) => (now += seconds * 1000) };
}

test("a second's share at once, then none until time has passed", () => {
  const { limit, pass } = limited(3);
  expect([1, 2, 3].map(() => limit.take("a"))).toEqual([0, 0, 0]);
  expect(limit.take("a")).toBeCloseTo(1 / 3);
  pass(0.34);
  expect(limit.take("a")).toBe(0);
  expect(limit.take("a")).toBeGreaterThan(0);
  pass(60);
  expect([1, 2, 3].map(() => limit.take("a"))).toEqual([0, 0, 0]);
  expect(limit.take("a")).toBeGreaterThan(0);
});

test("one key's spending is no other's", () => {
  const { limit } = limited(1);
  expect(limit.take("a")).toBe(0);
  expect(limit.take("a")).toBeGreaterThan(0);
  expect(limit.take("b")).toBe(0);
});

test("a batch is paid for as a whole, or not at all", () => {
  const { limit, pass } = limited(10);
  expect(limit.take("a", 10)).toBe(0);
  expect(limit.take("a", 7)).toBeCloseTo(0.7);
  pass(0.5);
  expect(limit.take("a", 7)).toBeCloseTo(0.2);
  expect(limit.take("a", 5)).toBe(0);
  // However long it rests, there is never as much.
  pass(1e6);
  expect(limit.take("a", 11)).toBeGreaterThan(0);
  expect(limit.take("a", 10)).toBe(0);
});

test("less than one a second still lets one through", () => {
  const { limit, pass } = limited(0.1);
  expect(limit.take("a")).toBe(0);
  expect(limit.take("a")).toBeCloseTo(10);
  pass(10);
  expect(limit.take("a")).toBe(0);
});

test("whatever is tried when, no more is spent than a burst and the time's share", () => {
  const step = fc.record({
    wait: fc.double({ min: 0, max: 3, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(step), (perSecond, steps) => {
      const { limit, pass } = limited(perSecond);
      let spent = 0;
      let passed = 0;
      for (const { wait, share } of steps) {
        const amount = 1 + Math.floor(share * (perSecond - 1));
        pass(wait);
        passed += wait;
        const retryAfter = limit.take("a", amount);
        if (retryAfter > 0) {
          // Nothing was spent, and it is told the truth about when to come back.
          pass(retryAfter + 1e-6);
          passed += retryAfter + 1e-6;
          expect(limit.take("a", amount)).toBe(0);
        }
        spent += amount;
      }
      expect(spent).toBeLessThanOrEqual(perSecond + perSecond * passed + 1e-6);
    }),
  );
});

test("keys that rest are forgotten", () => {
  const { limit, pass } = limited(5);
  for (let i = 0; i < 20_000; i++) {
    limit.take(`address ${i}`);
    pass(0.01);
  }
  expect(limit.size).toBeLessThanOrEqual(1000);
});
