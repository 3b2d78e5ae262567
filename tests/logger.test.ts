import { heapStats } from "bun:jsc";
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { LimitedLogger, type Logger, silent } from "../src/logger.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function recorder() {
  const lines: [level: string, message: string, suppressed?: unknown][] = [];
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push([level, message, fields["suppressed"]]);
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { lines, logger };
}

test("of many lines of a kind some are passed on, and the others counted", () => {
  const { lines, logger } = recorder();
  const limited = new LimitedLogger(logger);
  for (let i = 0; i < 3000; i++) limited.error({ i, error: new Error("the same") }, "request failed");
  expect(lines).toHaveLength(10);
  jest.advanceTimersByTime(10_000);
  expect(lines).toHaveLength(11);
  expect(lines.at(-1)).toEqual(["error", "suppressed more like this: request failed", 2990]);
  // What comes later is a new beginning, and nothing is told that was not suppressed.
  limited.error({}, "request failed");
  jest.advanceTimersByTime(60_000);
  expect(lines.at(-1)).toEqual(["error", "request failed", undefined]);
});

test("one kind takes nothing from another", () => {
  const { lines, logger } = recorder();
  const limited = new LimitedLogger(logger);
  for (let i = 0; i < 100; i++) limited.info({ status: 422 }, "refused");
  limited.info({ status: 401 }, "refused");
  limited.warn({ status: 422 }, "refused");
  limited.info({}, "client removed");
  expect(lines.slice(10)).toEqual([
    ["info", "refused", undefined],
    ["warn", "refused", undefined],
    ["info", "client removed", undefined],
  ]);
});

test("a kind is forgotten when its window is over, however many others there are", () => {
  const limited = new LimitedLogger(silent);
  const kinds = 10_000;
  const objects = () => {
    Bun.gc(true);
    return heapStats().objectTypeCounts["Object"] ?? 0;
  };
  const before = objects();
  for (let i = 0; i < kinds; i++) {
    limited.warn({}, `event ${i} can't be read`);
    jest.advanceTimersByTime(1000);
  }
  expect(objects() - before).toBeLessThan(kinds / 10);
});

test("who asks for debug sees a thousand lines of a kind", () => {
  const { lines, logger } = recorder();
  const limited = new LimitedLogger(logger);
  for (let i = 0; i < 5000; i++) limited.debug({}, "client connected");
  expect(lines).toHaveLength(1000);
});
