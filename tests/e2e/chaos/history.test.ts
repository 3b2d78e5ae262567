import { expect, test } from "bun:test";
import type { Kept } from "./generation.ts";
import { History, type Received } from "./history.ts";

const kept = (text: string, time = "1"): Kept => ({ text, id: text, time });
const [a, b, c] = [kept("a"), kept("b"), kept("c")];

function historyOf(received: readonly Received[], acknowledged: readonly Kept[] = []): History {
  const history = new History();
  for (const { text, id } of acknowledged) history.acknowledged(text, id, 0, performance.now());
  for (const item of received) history.received("reader", item);
  return history;
}

test("a history as promised has no violations", () => {
  const history = historyOf([a, b, c], [a, b, c]);
  expect(history.verify([a, b, c])).toMatchObject({ acknowledged: 3, received: 3, gaps: 0, lost: {} });
  expect(history.violations).toEqual([]);
});

test.each<[what: string, received: readonly Received[], log: readonly Kept[], told: RegExp]>([
  ["an event that a reader was not sent", [a, c], [a, b, c], /1 events are between/],
  ["another order", [b, a], [a, b], /order of the log is another/],
  ["an event that comes twice", [a, b, b], [a, b], /order of the log is another/],
  ["a lost event that comes twice", [a, b, b], [a], /reader was sent b of 1 twice/],
  ["a reader that was never sent the end", [a], [a, b], /never sent 1 of the log/],
  ["a lost event without a gap after it", [a, b, c], [a, c], /first of them was lost, and no gap/],
  [
    "an event that is in the log twice",
    [a, b, kept("b", "2")],
    [a, b, kept("b", "2")],
    /b is in the log twice/,
  ],
  ["a gap without a loss", [a, "gap", b], [a, b], /1 gaps were told, and nothing was lost/],
])("%s is noticed", (_, received, log, told) => {
  const history = historyOf(received);
  history.verify(log);
  expect(history.violations.join("\n")).toMatch(told);
});

test("a place that is given to two events is noticed", () => {
  const id = "bcdfghjkmnpq-5";
  const history = historyOf([{ ...a, id }, "gap", { ...b, id }]);
  expect(history.violations).toEqual([`the place ${id} was a, and then b`]);
});

test("an acknowledged event is lost only where a fault allows it", () => {
  const lose = (allow?: (history: History) => void): string[] => {
    const history = historyOf([a, b, "gap", c], [b]);
    allow?.(history);
    history.verify([a, c]);
    return history.violations;
  };
  expect(lose()).toEqual(["b was acknowledged by node 0 and is not in the log"]);
  expect(lose((history) => history.mayHaveLost())).toHaveLength(1);
  expect(lose((history) => history.silent(0)())).toHaveLength(1);
  expect(lose((history) => history.excuse("a partition", 1, 0))).toHaveLength(1);
  expect(lose((history) => history.excuse("a partition", 0, 0))).toEqual([]);
  const both = (node: number) => (history: History) => {
    history.mayHaveLost();
    history.silent(node)();
  };
  expect(lose(both(0))).toEqual([]);
  expect(lose(both(1))).toHaveLength(1);
  const late = (history: History): void => {
    history.settled();
    both(0)(history);
  };
  expect(lose(late)).toHaveLength(1);
});

test("only who comes back may be taken past events, by an id that is held again", () => {
  const history = historyOf([a, c, "back", kept("d")]);
  const log = [a, b, kept("c", "2"), kept("d")];
  expect(history.verify(log)).toMatchObject({ passedOver: 2 });
  expect(history.violations).toEqual([]);
  const stayed = historyOf([a, c, kept("d")]);
  stayed.verify(log);
  expect(stayed.violations.join("\n")).toContain("the first of them was lost, and no gap was told");
});

test("what was in the log when Redis was emptied is not lost, and nothing else is excused", () => {
  const history = historyOf([a, b, "gap", c], [a, b]);
  history.flushed([a]);
  expect(history.verify([c])).toMatchObject({ flushed: 1, lost: { "not allowed": 1 } });
  expect(history.violations).toEqual(["b was acknowledged by node 0 and is not in the log"]);
});

test.each<[what: string, happens: (history: History) => void]>([
  ["a node was silent", (history) => history.silent(0)()],
  ["a node is silent", (history) => void history.silent(0)],
  ["there were two masters", (history) => history.forked()],
  ["Redis was emptied", (history) => history.flushed([a])],
  ["a loss is excused", (history) => history.excuse("a partition", 0, 0)],
])("nodes must have kept all until %s", (_, happens) => {
  const history = new History();
  history.mayHaveLost();
  expect(history.mustHaveKept(0)).toBe(true);
  happens(history);
  expect(history.mustHaveKept(0)).toBe(false);
});

test("an erased event may come or not, and is nowhere in the end unless its erasure may be lost", () => {
  const erase = (received: readonly Received[], log: readonly Kept[], allow?: (history: History) => void) => {
    const history = historyOf(received, [a, b, c]);
    history.erasing("b");
    history.erased("b", 0, performance.now());
    allow?.(history);
    expect(history.verify(log)).toMatchObject({ erased: 1, lost: {} });
    history.verifyErased("Redis", log);
    return history.violations;
  };
  expect(erase([a, b, c], [a, c])).toEqual([]);
  expect(erase([a, c], [a, c])).toEqual([]);
  expect(erase([a, c], [a, b, c])).toEqual(["b was erased at node 0, and Redis still has it"]);
  expect(erase([a, c], [a, b, c], (history) => history.excuse("a partition", 1, 0))).toHaveLength(1);
  expect(erase([a, c], [a, b, c], (history) => history.excuse("a partition", 0, 0))).toEqual([]);
});
