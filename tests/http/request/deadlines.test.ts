import { expect, test } from "bun:test";
import { Deadlines } from "../../../src/http/request/deadlines.ts";
import { until } from "../../until.ts";

test("each is called in time and in order, but not one that was deleted", async () => {
  const called: string[] = [];
  const deadlines = new Deadlines(20);
  const startedAt = performance.now();
  const gone = () => called.push("gone");
  deadlines.add(gone);
  deadlines.add(() => {
    called.push("first");
    // The timer serves this one too, though it was set for others.
    deadlines.add(() => called.push("third"));
  });
  deadlines.add(() => called.push("second"));
  deadlines.delete(gone);
  await until(() => called.length === 3);
  expect(called).toEqual(["first", "second", "third"]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39);
});
