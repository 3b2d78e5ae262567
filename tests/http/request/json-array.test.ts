import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutArray, isArray, TOO_LONG } from "../../../src/http/request/json-array.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const cut = (text: string, longest = 1e6) =>
  [...cutArray(bytesOf(text), longest)].map((one) =>
    one === TOO_LONG ? one : new TextDecoder().decode(one),
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
