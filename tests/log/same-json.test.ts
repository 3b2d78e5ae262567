import { expect, test } from "bun:test";
import fc from "fast-check";
import { sameJson } from "../../src/log/same-json.ts";

function same(a: string, b: string): boolean {
  return finished(sameJson(a, b)).value;
}

function finished<T>(steps: Generator<void, T, void>): { readonly value: T; readonly count: number } {
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done) return { value, count };
  }
}

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
    fc.property(fc.jsonValue(), (value) => same(JSON.stringify(value), JSON.stringify(shuffled(value)))),
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
    ['{"a":[1,2],"b":[]}', '{"a":[1],"b":[2]}'],
    ['{"a":{"b":1},"c":2}', '{"a":{"c":2},"b":1}'],
    ['{"a":"},{","b":1}', '{"a":"{,}","b":12}'],
    ['{"a":"\\",","b":1}', '{"a":",\\"","b":1}'],
  ] as const) {
    expect([a, same(a, b)]).toEqual([a, false]);
  }
  expect(same('{"a":1,"n":12345678901234567890}', '{"n":12345678901234567890,"a":1}')).toBe(true);
  expect(same('{"__proto__":1,"a":2}', '{"a":2,"__proto__":1}')).toBe(true);
});

test("however long texts are, and whatever they hold, they are compared in small steps", () => {
  const length = 1_000_000;
  const texts = {
    numbers: [`[${"1,".repeat(length / 2)}1]`, `[${"1,".repeat(length / 2)}2]`],
    members: [`{${'"a":1,'.repeat(length / 6)}"a":1}`, `{${'"a":1,'.repeat(length / 6)}"a":2}`],
    objects: [`[${"{},".repeat(length / 3)}1]`, `[${"{},".repeat(length / 3)}2]`],
    "a string": [`"${"a".repeat(length)}"`, `"${"b".repeat(length)}"`],
    escapes: [`"${"\\n".repeat(length / 2)}"`, `"${"\\t".repeat(length / 2)}"`],
  };
  for (const [name, [a = "", b = ""]] of Object.entries(texts)) {
    const { value, count } = finished(sameJson(a, b));
    expect([name, value]).toEqual([name, false]);
    expect(count).toBeGreaterThan(100);
  }
});
