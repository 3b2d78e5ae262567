import { expect, test } from "bun:test";
import fc from "fast-check";
import { PatternIndex } from "../../src/topics/pattern-index.ts";

// Few letters, so that patterns are beginnings of topics and of each other; "é" and "🙂" are not one unit in every encoding.
const name = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "é", "🙂"), maxLength: 4 });
const change = fc.record({ do: fc.constantFrom("add", "remove"), pattern: name, item: fc.nat(3) });

test("an index finds what is filed under the patterns of a topic, after whatever was added and removed", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.array(name, { minLength: 1 }), (changes, topics) => {
      const index = new PatternIndex<number>();
      const filed = new Map<string, Set<number>>();
      for (const { do: what, pattern, item } of changes) {
        const there = filed.get(pattern) ?? new Set();
        filed.set(pattern, there);
        if (what === "add") there.add(item);
        else there.delete(item);
        index[what as "add" | "remove"](pattern, item);
      }
      for (const topic of topics) {
        const found: number[] = [];
        index.find(topic, (item) => found.push(item));
        const expected = [...filed].flatMap(([pattern, items]) => {
          const matches = pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern;
          return matches ? [...items] : [];
        });
        expect(found.sort()).toEqual(expected.sort());
      }
    }),
    { numRuns: 2000 },
  );
});
