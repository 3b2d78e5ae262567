import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { Changes } from "../../../src/log/redis/changes.ts";

test("all who wait are told of a change", async () => {
  const changes = new Changes();
  let count = 0;
  const waiting = [changes.next(), changes.next(60_000), changes.until(() => count === 2)];
  count++;
  changes.tell();
  await Promise.all(waiting.slice(0, 2));
  count++;
  changes.tell();
  await Promise.all(waiting);
});

test("who has waited in vain is let go of", async () => {
  const changes = new Changes();
  const promises = () => {
    Bun.gc(true);
    return heapStats().objectTypeCounts["Promise"] ?? 0;
  };
  const before = promises();
  await Promise.all(Array.from({ length: 1000 }, () => changes.next(1)));
  // Some may still be found on the stack.
  expect(promises() - before).toBeLessThan(500);
  changes.tell();
});
