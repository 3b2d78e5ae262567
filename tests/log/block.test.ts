import { expect, test } from "bun:test";
import fc from "fast-check";
import { blocksOf, DamagedBlock, decodeBlock, encodeBlock, NewerBlock } from "../../src/log/block.ts";
import { entry } from "./draft.ts";

// All that text can hold: line ends, NUL, and characters outside of the first plane.
const text = fc.oneof(fc.string({ unit: "binary", minLength: 1 }), fc.constantFrom("\r\n", "\0", "\u2028"));
const event = fc.record({
  id: text,
  type: fc.option(text, { nil: undefined }),
  json: fc.jsonValue().map((value) => JSON.stringify(value)),
  text: fc.boolean(),
  topics: fc.array(text, { maxLength: 3 }),
  retry: fc.option(fc.nat(), { nil: undefined }),
  private: fc.boolean(),
  retain: fc.boolean(),
  erased: fc.boolean(),
  recipients: fc.nat(),
});
const word = fc.constantFrom("bbbbbbbbbbbb", "cccccccccccc");

test("events come out of their blocks as they went in", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 250, size: "max" }), fc.nat(), word, (events, head, word) => {
      const entries = events.map((fields, i) => entry(head + 1 + i, { ...fields, word }));
      const blocks = blocksOf(entries);
      expect(blocks.map(encodeBlock).flatMap((text) => decodeBlock(text).entries)).toEqual(entries);
      for (const block of blocks) {
        expect(decodeBlock(encodeBlock({ ...block, node: "n", sequence: 7 }))).toEqual({
          ...block,
          ...{ node: "n", sequence: 7 },
        });
      }
    }),
    { numRuns: 30 },
  );
});

test("a block ends with its hundredth event, or with the one that makes it too long", () => {
  const counts = (fields: { json?: string; topics?: string[] }[]) =>
    blocksOf(fields.map((each, i) => entry(1 + i, each))).map(({ entries }) => entries.length);
  const lengths = (all: number[]) => counts(all.map((length) => ({ json: "1".repeat(length) })));
  expect(lengths([])).toEqual([]);
  expect(lengths(Array(100).fill(1))).toEqual([100]);
  expect(lengths(Array(201).fill(1))).toEqual([100, 100, 1]);
  expect(lengths([9000, 9000, 20_000, 1])).toEqual([2, 1, 1]);
  expect(counts(Array(3).fill({ topics: ["t".repeat(9000)] }))).toEqual([2, 1]);
});

test("events of two lives, or of two times, are in two blocks", () => {
  const entries = [
    entry(1),
    entry(2, { word: "cccccccccccc" }),
    entry(3, { word: "cccccccccccc", keptAt: 2000 }),
  ];
  expect(blocksOf(entries).map(({ last, word, keptAt }) => [last, word, keptAt])).toEqual([
    [1, "bbbbbbbbbbbb", 1000],
    [2, "cccccccccccc", 1000],
    [3, "cccccccccccc", 2000],
  ]);
});

test("an id that is the event's place takes no room", () => {
  const [block] = blocksOf([entry(7, { id: "bbbbbbbbbbbb-7" })]);
  if (!block) throw new Error("no block");
  const text = encodeBlock(block);
  expect(text).not.toContain("bbbbbbbbbbbb-7");
  expect(decodeBlock(text).entries[0]?.id).toBe("bbbbbbbbbbbb-7");
});

test("whatever is changed in a block shows", () => {
  const [block] = blocksOf([entry(1, { json: '{"a":1}' }), entry(2, { topics: ["t"] })]);
  if (!block) throw new Error("no block");
  const whole = encodeBlock(block);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.string({ unit: "binary", maxLength: 2 }), (at, change) => {
      const changed = whole.slice(0, at) + change + whole.slice(at + 1);
      if (changed === whole) return;
      expect(() => decodeBlock(changed)).toThrow(DamagedBlock);
    }),
  );
});

test("a block of a later version is known as such, and not read", () => {
  const body = "2\nwhat it may be";
  const checksum = Bun.hash.xxHash64(body).toString(16).padStart(16, "0");
  expect(() => decodeBlock(`${checksum} ${body}`)).toThrow(NewerBlock);
  expect(() => decodeBlock(`${checksum} ${body}!`)).toThrow(DamagedBlock);
});

test("data in several lines is refused", () => {
  const [block] = blocksOf([entry(1, { json: "[\n]" })]);
  if (!block) throw new Error("no block");
  expect(() => encodeBlock(block)).toThrow(RangeError);
});
