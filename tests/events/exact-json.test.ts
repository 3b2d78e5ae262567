import { expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { MAX_DEPTH, NestingError, parseExactly } from "../../src/events/exact-json.ts";

test("parses what JSON.parse does, and writes it the same", () => {
  const unit = fc.oneof(fc.constantFrom(...'[]{}"\\:,1e'), fc.string({ unit: "binary", maxLength: 1 }));
  const text = fc.oneof(
    fc.json({ maxDepth: 20 }),
    fc.array(fc.string({ unit })).map((strings) => JSON.stringify(strings)),
    fc.string({ unit }),
    fc.double().map(String),
  );
  fc.assert(
    fc.property(text, (text) => {
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        expect(() => parseExactly(text)).toThrow(SyntaxError);
        return;
      }
      const { value, exact } = parseExactly(text);
      expect(value).toEqual(parsed);
      expect(JSON.parse(JSON.stringify(exact))).toEqual(JSON.parse(JSON.stringify(parsed)));
    }),
    { numRuns: 2000 },
  );
});

test("keeps integers of any size, and numbers beyond a double, as they came", () => {
  const integers = fc.array(fc.bigInt(), { minLength: 1 }).map((all) => `[${all.join(",")}]`);
  fc.assert(fc.property(integers, (text) => expect(JSON.stringify(parseExactly(text).exact)).toBe(text)));
  const space = fc.string({ unit: fc.constantFrom(..." \t\n\r"), maxLength: 3 });
  const decimal = fc.stringMatching(/^-?[1-9]\d{4,20}\.\d{11,20}$/);
  fc.assert(
    fc.property(space, decimal, (space, number) => {
      for (const text of [
        `${space}${number}`,
        `[1,${space}${number}]`,
        `{"1e400":${space}${number}${space}}`,
      ]) {
        expect(JSON.stringify(parseExactly(text).exact)).toBe(text.replaceAll(space, ""));
      }
    }),
  );
  const text = '{"a":[1e999,-1E400,12345678901234567890.5,1e-999],"b":"12345678901234567890"}';
  const { value, exact } = parseExactly(text);
  expect(JSON.stringify(exact)).toBe(text);
  expect(value).toEqual(JSON.parse(text));
});

test("one such number costs no call for each of the other values, and changes none of them", () => {
  const parse = spyOn(JSON, "parse");
  const text = `[${"[],".repeat(20_000)}{"__proto__":-12345678901234567890},"1,12345678901234567890","\\"2",1]`;
  const { exact } = parseExactly(text);
  expect(parse.mock.calls.map(([, reviver]) => reviver)).not.toContainEqual(expect.any(Function));
  parse.mockRestore();
  expect(JSON.stringify(exact)).toBe(text);
});

test("refuses what is nested too deeply, however it is nested, and without parsing it", () => {
  const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
  expect(parseExactly(nested("[", "]", MAX_DEPTH)).value).toBeArray();
  for (const depth of [MAX_DEPTH + 1, 1_000_000]) {
    expect(() => parseExactly(nested("[", "]", depth))).toThrow(NestingError);
    expect(() => parseExactly(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`)).toThrow(NestingError);
    expect(() => parseExactly(`["]\\"]",${nested("[{", "}]", depth)}]`)).toThrow(NestingError);
  }
  // What only looks like it.
  const flat = JSON.stringify(Array.from({ length: 2000 }, () => ['[[{{"\\', {}]));
  expect(parseExactly(flat).value).toEqual(JSON.parse(flat));
});
