import { expect, test } from "bun:test";
import fc from "fast-check";
import { sameJson } from "../../src/log/same-json.ts";

test("the members of an object have no order, at any depth", () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, shuffled(member)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => sameJson(JSON.stringify(value), JSON.stringify(shuffled(value)))),
  );
});

test("everything else counts", () => {
  for (const [a, b] of [
    ["[1,2]", "[2,1]"],
    ['{"a":1,"b":2}', '{"a":2,"b":1}'],
    ['{"a":"1"}', '{"a":{}}'],
    ['{"a":1,"n":12345678901234567890}', '{"n":12345678901234567891,"a":1}'],
    ['{"a":[{"b":1},{"c":2}]}', '{"a":[{"c":2},{"b":1}]}'],
    ['{"__proto__":1,"a":2}', '{"__proto__":2,"a":1}'],
    ['{"a":1}', '{"a":1,"b":2}'],
  ] as const) {
    expect([a, sameJson(a, b)]).toEqual([a, false]);
  }
  expect(sameJson('{"a":1,"n":12345678901234567890}', '{"n":12345678901234567890,"a":1}')).toBe(true);
  expect(sameJson('{"__proto__":1,"a":2}', '{"a":2,"__proto__":1}')).toBe(true);
});
