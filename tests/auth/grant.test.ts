import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Grant, mayPublish, OPEN } from "../../src/auth/grant.ts";
import { covers, TopicPatterns } from "../../src/topics/topic-patterns.ts";

// A small alphabet, so that topics and patterns often have to do with each other.
const name = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), minLength: 1, maxLength: 5 });
const topic = name.filter((text) => text !== "*");
const patterns = fc.array(name, { maxLength: 4 });

/** What a pattern means, said once more and as a regular expression. */
function names(pattern: string, text: string): boolean {
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const source = pattern.endsWith("*") ? `${literal(pattern.slice(0, -1))}.*` : literal(pattern);
  return new RegExp(`^${source}$`, "s").test(text);
}

const grantOf = (topics: string[], types: string[]): Grant => ({
  publish: { topics, types },
  subscribe: [],
  privateTopics: [],
});

test("an event may be published when each of its topics is granted, and its type", () => {
  fc.assert(
    fc.property(
      patterns,
      patterns,
      fc.array(topic, { minLength: 1, maxLength: 3 }),
      name,
      (topics, types, on, type) => {
        const expected =
          on.every((one) => topics.some((pattern) => names(pattern, one))) &&
          (types.length === 0 || types.some((pattern) => names(pattern, type)));
        expect(mayPublish(grantOf(topics, types), { type, topics: on })).toBe(expected);
      },
    ),
    { numRuns: 2000 },
  );
});

test("an event without topics takes the grant of all of them", () => {
  expect(mayPublish(grantOf(["a*", "b"], []), { type: "t" })).toBe(false);
  expect(mayPublish(grantOf(["a*", "*"], []), { type: "t", topics: [] })).toBe(true);
});

test("without a publish grant nothing may be published", () => {
  fc.assert(
    fc.property(fc.array(topic, { maxLength: 3 }), name, (topics, type) => {
      expect(mayPublish({ subscribe: ["*"], privateTopics: ["*"], admin: true }, { type, topics })).toBe(
        false,
      );
    }),
  );
});

test("a hub without keys takes everything", () => {
  fc.assert(
    fc.property(fc.array(topic, { maxLength: 3 }), name, (topics, type) => {
      expect(mayPublish(OPEN, { type, topics })).toBe(true);
    }),
  );
});

test("what is covered never lets more through than the grant", () => {
  fc.assert(
    fc.property(patterns, name, topic, (granted, wanted, on) => {
      if (!covers(granted, wanted) || !new TopicPatterns([wanted]).has(on)) return;
      expect(new TopicPatterns(granted).has(on)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("whatever one granted pattern takes in is covered", () => {
  fc.assert(
    fc.property(name, fc.string({ unit: fc.constantFrom("a", "/"), maxLength: 4 }), (granted, more) => {
      expect(covers([granted], granted)).toBe(true);
      if (granted.endsWith("*")) {
        expect(covers([granted], `${granted.slice(0, -1)}${more}*`)).toBe(true);
      }
    }),
  );
});

test("covering looks at what a pattern means, not at how it is written", () => {
  expect(covers(["orders/**"], "orders/*")).toBe(false);
  expect(covers(["orders/*"], "orders/**")).toBe(true);
  expect(covers(["orders/*"], "orders")).toBe(false);
  expect(covers(["orders/1"], "orders/*")).toBe(false);
  expect(covers(["*"], "*")).toBe(true);
  expect(covers([], "*")).toBe(false);
});
