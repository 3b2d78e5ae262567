import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonTokens } from "../../src/console/page/components/json-tokens.ts";

const formatted = (json: string) =>
  jsonTokens(json)
    .map(({ text }) => text)
    .join("");

test("any JSON is laid out as JSON.stringify lays it out", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(formatted(json)).toBe(JSON.stringify(JSON.parse(json, keepZero), null, 2));
    }),
  );
});

test("numbers stay as they were sent", () => {
  expect(formatted('{"n":12345678901234567890,"e":1.50E+2}')).toBe(
    '{\n  "n": 12345678901234567890,\n  "e": 1.50E+2\n}',
  );
});

test("each piece is known for what it is", () => {
  const kinds = jsonTokens('{"a":["b",1,true,null]}')
    .filter(({ kind }) => kind !== "space" && kind !== "punctuation")
    .map(({ kind, text }) => [kind, text]);
  expect(kinds).toEqual([
    ["key", '"a"'],
    ["string", '"b"'],
    ["number", "1"],
    ["literal", "true"],
    ["literal", "null"],
  ]);
});

test("text that was cut short is still laid out", () => {
  expect(formatted('{"a":[1,2,')).toBe('{\n  "a": [\n    1,\n    2,\n    ');
});

/** JSON.stringify writes -0 as 0, and the text has it as it was. */
function keepZero(_: string, value: unknown): unknown {
  return value;
}
