import { expect, test } from "bun:test";
import { Deadlines } from "../../../src/http/request/deadlines.ts";
import { turn } from "../../../src/timers.ts";
import { until } from "../../until.ts";

test("each is called in time and in order, but not one that is over", async () => {
  const called: string[] = [];
  const deadlines = new Deadlines(20);
  const startedAt = performance.now();
  const gone = deadlines.add(() => called.push("over in the same turn"));
  const goneLater = deadlines.add(() => called.push("over in a later turn"));
  deadlines.add(() => {
    called.push("first");
    // The timer serves this one too, though it was set for others.
    deadlines.add(() => called.push("third"));
  });
  deadlines.add(() => called.push("second"));
  deadlines.end(gone);
  await turn();
  deadlines.end(goneLater);
  await until(() => called.length === 3);
  expect(called).toEqual(["first", "second", "third"]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39);
});
