import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutArray, cutElements, isArray, membersOf, TOO_LONG } from "../../../src/http/request/json-bytes.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const cut = (text: string, longest = 1e6) =>
  [...cutArray(bytesOf(text), longest)].map((part) =>
    part === TOO_LONG ? part : new TextDecoder().decode(part.bytes),
  );
/** The same, of parts with several small elements. */
const cutTwice = (text: string, small: number, partSize: number) =>
  [...cutArray(bytesOf(text), 1e6, small, partSize)].flatMap((part) =>
    part === TOO_LONG ? [] : [...cutElements(part)].map((one) => new TextDecoder().decode(one)),
  );

test("an array's elements are those that JSON.parse finds", () => {
  const json = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: "binary" }));
  const space = fc.constantFrom<string | number | undefined>(undefined, 1, "\t", "\r\n ".slice(2));
  fc.assert(
    fc.property(fc.array(json), space, (values, indent) => {
      const text = `\r\n ${JSON.stringify(values, null, indent)}\t`;
      expect(cut(text).map((one) => JSON.parse(String(one)))).toEqual(JSON.parse(text));
    }),
  );
});

test("elements that share a part are those that are cut alone", () => {
  const element = fc.constantFrom('"a,]"', "1 ", "[2,3]", '{"x":[1,{}]}', `"${"y".repeat(20)}"`);
  const size = fc.constantFrom(0, 2, 5, 10, 100);
  fc.assert(
    fc.property(fc.array(element), size, size, (elements, small, partSize) => {
      const text = `[${elements.join(", ")}]`;
      expect(cutTwice(text, small, partSize)).toEqual(cut(text) as string[]);
      for (const part of cutArray(bytesOf(text), 1e6, small, partSize)) {
        if (part === TOO_LONG || part.count < 2) continue;
        expect(part.bytes.length).toBeLessThanOrEqual(partSize);
        for (const one of cutElements(part)) expect(one.length).toBeLessThan(small);
      }
    }),
  );
});

test("whatever JSON.parse refuses is refused, by the cut or by an element of it", () => {
  const text = fc
    .array(fc.constantFrom(...'[]{},:"\\1ae \n'), { maxLength: 12 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (inner) => {
      const whole = `[${inner}]`;
      let expected: unknown;
      try {
        expected = JSON.parse(whole);
      } catch {
        expect(() => cut(whole).map((one) => JSON.parse(String(one)))).toThrow(SyntaxError);
        return;
      }
      expect(cut(whole).map((one) => JSON.parse(String(one)))).toEqual(expected as never);
    }),
    { numRuns: 20_000 },
  );
});

test.each(["", " ", "{}", "1", "[", "[1", "[1,", '["', '["\\"]', "[1]]", "[1}", "[1] x", "[],", "\ufeff{}"])(
  "%j is no array",
  (text) => {
    expect(() => cut(text).map((one) => JSON.parse(String(one)))).toThrow(SyntaxError);
  },
);

test("a byte order mark before it is passed over", () => {
  expect(isArray(bytesOf("\ufeff [1]"))).toBeTrue();
  expect(cut("\ufeff[1, 2]")).toEqual(["1", "2"]);
});

test("an element that is too long ends it", () => {
  expect(cut('["xx","xxx","x"]', 4)).toEqual(['"xx"', TOO_LONG]);
  expect(cut(`["x",[${"0,".repeat(1000)}`, 10)).toEqual(['"x"', TOO_LONG]);
});

/** The members of the text, checked in parts of that many bytes. */
function members(text: string, partSize: number) {
  const steps = membersOf(bytesOf(text), partSize);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
const parts = fc.constantFrom(1, 2, 7, 30, 1e6);

test("an object's members are those that JSON.parse finds, however small the parts", () => {
  const json = fc.oneof(fc.jsonValue({ maxDepth: 5 }), fc.string({ unit: "binary" }));
  const names = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("data", "__proto__", "1", ""));
  const object = fc.dictionary(names, json, { maxKeys: 8 });
  const space = fc.constantFrom<string | number | undefined>(undefined, 1, "\t");
  fc.assert(
    fc.property(object, space, parts, (value, indent, partSize) => {
      const text = ` ${JSON.stringify(value, null, indent)}\n`;
      const found = [...(members(text, partSize) ?? [])].map(([name, one]) => [name, JSON.parse(one)]);
      expect(Object.fromEntries(found)).toEqual(JSON.parse(text));
      expect([...(members(text, partSize)?.values() ?? [])].join("")).not.toMatch(/[\n\t]/);
    }),
    { numRuns: 2000 },
  );
});

test("an object's text is taken where JSON.parse takes it, and nowhere else", () => {
  const text = fc
    .array(
      fc.constantFrom(...["[", "]", "{", "}", ",", ",", ":", '"a":', '"b"', "1", "-", "tru", "e", " ", "\\"]),
      {
        maxLength: 14,
      },
    )
    .map((pieces) => pieces.join(""));
  const accepts = (read: () => unknown) => {
    try {
      read();
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
      return false;
    }
  };
  fc.assert(
    fc.property(text, parts, (inner, partSize) => {
      for (const whole of [
        inner,
        `[${inner}]`,
        `{"a":${inner}}`,
        `{"a":[1,${inner}],"b":{"a":1}}`,
        `{${inner}}`,
      ]) {
        const expected = accepts(() => JSON.parse(whole));
        expect([whole, accepts(() => members(whole, partSize))]).toEqual([whole, expected]);
      }
    }),
    { numRuns: 10_000 },
  );
});

test("what comes twice counts as it was last, white space goes, and digits stay", () => {
  const found = members(
    '{ "data" : [ 1.50 , 12345678901234567890 , "a b\\u0041" ] , "x":1, "data" : { "b":1, "b": 2 } }',
    3,
  );
  expect([...(found ?? [])]).toEqual([
    ["data", '{"b":1,"b":2}'],
    ["x", "1"],
  ]);
  expect(members('{"d\\u0061ta": [ 1.50 ,1e999]}', 1)?.get("data")).toBe("[1.50,1e999]");
});

test("nesting is bounded", () => {
  const nested = (depth: number) => `{"data":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  expect(members(nested(511), 1)?.size).toBe(1);
  expect(() => members(nested(512), 1)).toThrow("512 levels");
});
