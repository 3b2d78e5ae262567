import { expect, test } from "bun:test";
import fc from "fast-check";
import { blocksOf, entriesOf } from "../../src/log/block.ts";
import { entry } from "./draft.ts";

const text = fc.string({ unit: "binary", minLength: 1 });
const event = fc.record({
  id: text,
  type: text,
  json: fc.jsonValue().map((value) => JSON.stringify(value)),
  topics: fc.array(text, { maxLength: 3 }),
  retry: fc.option(fc.nat(), { nil: undefined }),
  private: fc.boolean(),
  recipients: fc.nat(),
});

test("events come out of their blocks as they went in", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 250, size: "max" }), fc.nat(), (events, head) => {
      const entries = events.map((fields, i) => entry(head + 1 + i, fields));
      const blocks = blocksOf(entries);
      expect(blocks.flatMap((block) => entriesOf(block))).toMatchObject(
        entries.map(({ json, id, topics }) => ({ json, id, topics })),
      );
      expect(blocks.map(({ count }) => count)).toEqual(blocks.map((block) => entriesOf(block).length));
    }),
    { numRuns: 30 },
  );
});

test("a block ends with its hundredth event, or with that which makes it too long", () => {
  const counts = (lengths: number[]) =>
    blocksOf(lengths.map((length, i) => entry(1 + i, { json: "1".repeat(length) }))).map(
      ({ count }) => count,
    );
  expect(counts([])).toEqual([]);
  expect(counts(Array(100).fill(1))).toEqual([100]);
  expect(counts(Array(201).fill(1))).toEqual([100, 100, 1]);
  expect(counts([9000, 9000, 20_000, 1])).toEqual([2, 1, 1]);
});

test("a block whose events and data do not match is not read", () => {
  const [block] = blocksOf([entry(1, {}), entry(2, {})]);
  if (!block) throw new Error("no block");
  expect(() => entriesOf({ ...block, data: "1" })).toThrow("the events up to position 2 are damaged");
});
