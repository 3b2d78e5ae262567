import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import {
  fieldsOf,
  Numbers,
  nameOfField,
  type Point,
  typeOf,
} from "../../src/console/page/dashboard/numbers.ts";
import type { ListedEvent } from "../../src/console/page/data/event-list.ts";

const event = (number: number, data: unknown, more: Partial<ListedEvent> = {}): ListedEvent => {
  const json = JSON.stringify(data);
  const about = { id: String(number), type: "e", topics: [], recipients: 0, time: 1000 * number };
  return { ...about, number, json, length: json.length, ...more };
};

describe("numbers in events", () => {
  test("are found in data and in a schema, wherever they are", () => {
    const numbers = new Numbers();
    numbers.choose([], [event(0, { a: 1, b: { "c/d": 2, e: "3" }, f: [4] }), event(1, 5, { type: "a#b" })]);
    expect(numbers.fields.value).toEqual(["e#/a", "e#/b/c~1d", "a#b#"]);
    expect(numbers.fields.value.map(typeOf)).toEqual(["e", "e", "a#b"]);
    expect(numbers.fields.value.map(nameOfField)).toEqual(["a", "b.c/d", ""]);
    const schema = Type.Object({ a: Type.Integer(), b: Type.Object({ c: Type.Optional(Type.Number()) }) });
    expect(fieldsOf("e", JSON.parse(JSON.stringify(schema)))).toEqual(["e#/a", "e#/b/c"]);
  });

  test("make a line for each of a few topics, and one for all of many", () => {
    const numbers = new Numbers();
    const known = [event(0, { n: 1 }, { topics: ["b"] }), event(1, { n: 2 }, { topics: ["a"] })];
    numbers.choose(["e#/n"], known);
    const a: Point[] = [[1000, 2]];
    expect(numbers.linesOf("e#/n")).toEqual([
      { name: "a", points: a },
      { name: "b", points: [[0, 1]] },
    ]);
    for (let i = 2; i < 6; i++) known.push(event(i, { n: i }, { topics: [`t${i}`] }));
    numbers.take(known);
    expect(numbers.linesOf("e#/n")).toEqual([
      { name: "", points: [[0, 1], [1000, 2], ...[2, 3, 4, 5].map((i): Point => [1000 * i, i])] },
    ]);
  });

  test("are drawn once, and not from data that is cut off, of another type or no number", () => {
    const numbers = new Numbers();
    const known = [
      event(0, { n: 1 }),
      event(1, { n: 2 }, { length: 99 }),
      event(2, { n: 3 }, { type: "other" }),
      event(3, { n: "4" }),
      event(4, { n: 5 }),
    ];
    numbers.choose(["e#/n"], known.slice(0, 2));
    numbers.take(known);
    numbers.take(known);
    expect(numbers.linesOf("e#/n").flatMap(({ points }) => points.map(([, value]) => value))).toEqual([1, 5]);
  });
});
