import { expect, test } from "bun:test";
import { Rates } from "../../src/console/page/data/rates.ts";
import { valuesIn } from "../../src/console/page/live/current-values.ts";
import { publishersOf } from "../../src/console/page/live/publishers.ts";

test("a type says who publishes it, while somebody who does has a name", () => {
  const by = (publisher: string, subject: string | null, ...types: [type: string, events: number][]) => ({
    ...{ publisher, subject, events: 0 },
    types: types.map(([type, events]) => ({ type, events })),
  });
  const list = [
    by('token [null,"shop"]', "shop", ["order", 3], ["stock", 1]),
    by("publish-key ab", "key:ab", ["order", 7]),
    by("anonymous", null, ["wild", 9], ["stock", 2]),
  ];
  expect(["order", "stock", "wild", "none"].map((type) => publishersOf(list, type))).toEqual([
    "by key:ab and 1 more",
    "by anonymous and 1 more",
    "",
    "",
  ]);
  expect(publishersOf(list.slice(0, 1), "order")).toBe("by shop");
});

test("of the current values the newest of each type and topic is shown, newest first", () => {
  const value = (type: string, topics: string[], data: number) => ({
    ...{ id: String(data), type, topics, data },
    time: `2026-01-31T09:30:0${data}.000Z`,
  });
  const body = { values: [value("s", ["a", "b"], 1), value("t", [], 2), value("s", ["a"], 3)] };
  expect(valuesIn(body).map(({ type, topic, json }) => [type, topic, json])).toEqual([
    ["s", "a", "3"],
    ["t", "", "2"],
    ["s", "b", "1"],
  ]);
  expect(valuesIn({ values: [null, { type: 1 }] })).toEqual([]);
});

test("names stay listed in one order, those of the time before too; of too many, the longest unmet go", () => {
  const rates = new Rates();
  rates.meet(["b", "c"]);
  rates.add({ top: [["a", 4]], distinct: 1 }, 2);
  const listed = () => rates.list.value.map(({ name, rate, total }) => [name, rate, total]);
  expect(listed()).toEqual([
    ["a", 2, 4],
    ["b", 0, 0],
    ["c", 0, 0],
  ]);
  for (let i = 0; i < 70; i++) rates.add({ top: [["b", 1]], distinct: 1 }, 1);
  expect(listed().map(([name, rate]) => [name, rate])).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 0],
  ]);
  rates.meet(Array.from({ length: 498 }, (_, i) => `n${i}`));
  expect(listed().length).toBe(500);
  expect(listed().map(([name]) => name)).not.toContain("c");
  expect(listed()[0]?.[0]).toBe("a");
});
