import { expect, test } from "bun:test";
import { EventList } from "../../src/console/page/data/event-list.ts";
import type { ConsoleEvent } from "../../src/protocol/console-feed.ts";

const event = (id: number, more: Partial<ConsoleEvent> = {}): ConsoleEvent => ({
  id: String(id),
  type: "e",
  topics: [],
  json: "null",
  length: 4,
  recipients: 0,
  time: 0,
  ...more,
});
const some = (first: number, count: number) => Array.from({ length: count }, (_, i) => event(first + i));
const idsOf = (list: EventList) => list.matching.map(({ id }) => Number(id));

test("the newest 5,000 are kept, the others let go", () => {
  const list = new EventList();
  for (let first = 0; first < 20_000; first += 250) {
    list.add({ backlog: false, events: some(first, 250), skipped: 0 });
  }
  expect(list.total).toBeLessThanOrEqual(6000);
  expect(list.total).toBeGreaterThanOrEqual(5000);
  expect(idsOf(list).at(-1)).toBe(19_999);
  expect(idsOf(list)).toEqual(idsOf(list).toSorted((a, b) => a - b));
});

test("a feed that begins again repeats nothing", () => {
  const list = new EventList();
  list.add({ backlog: true, events: some(0, 3), skipped: 0 });
  list.add({ backlog: false, events: some(3, 2), skipped: 0 });
  list.add({ backlog: true, events: some(1, 6), skipped: 0 });
  expect(idsOf(list)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("a filter is for what is there and for what comes", () => {
  const list = new EventList();
  const orders = [event(1, { topics: ["orders/1"] }), event(2, { topics: ["invoices", "orders/2"] })];
  list.add({ backlog: false, events: [...orders, event(3)], skipped: 0 });
  list.setFilter({ topic: "orders/*" });
  expect(idsOf(list)).toEqual([1, 2]);
  list.add({
    backlog: false,
    events: [event(4), event(5, { topics: ["orders/5"], json: '"Ünï"' })],
    skipped: 0,
  });
  expect(idsOf(list)).toEqual([1, 2, 5]);
  list.setFilter({ text: "ÜNÏ" });
  expect(idsOf(list)).toEqual([5]);
  list.clearFilter();
  expect(idsOf(list)).toEqual([1, 2, 3, 4, 5]);
});

test("while it is paused nothing moves; what came is there afterwards", () => {
  const list = new EventList();
  list.add({ backlog: false, events: some(0, 2), skipped: 0 });
  list.pause(true);
  list.add({ backlog: false, events: some(2, 7000), skipped: 10 });
  expect(idsOf(list)).toEqual([0, 1]);
  expect(list.waiting.value).toBe(7010);
  list.pause(false);
  expect(idsOf(list).at(-1)).toBe(7001);
  expect(list.waiting.value).toBe(0);
});
