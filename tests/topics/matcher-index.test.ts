import { expect, test } from "bun:test";
import { matcherOf, matcherText } from "../../src/topics/matcher.ts";
import { MatcherIndex } from "../../src/topics/matcher-index.ts";
import { urlKey } from "../../src/topics/url-pattern.ts";

const BASE = "https://localhost/.well-known/mercure";

function filedUnder(patterns: readonly string[]) {
  const index = new MatcherIndex<string>();
  const filed = patterns.map((pattern) => {
    const matcher = matcherOf(matcherText("urlpattern", pattern, BASE));
    return { matcher, items: new Set([pattern]) };
  });
  for (const one of filed) index.add(one);
  return { index, filed };
}

/** The matchers that are tried for a topic, and those of them that match. */
function search(index: MatcherIndex<string>, topic: string) {
  const key = urlKey(topic, BASE) ?? "";
  const tried: string[] = [];
  const matched: string[] = [];
  index.find(key, ({ matcher, items }) => {
    tried.push(...items);
    if (matcher.test(key)) matched.push(...items);
  });
  return { tried: tried.length, matched };
}

const some = (pattern: (i: number) => string) => Array.from({ length: 500 }, (_, i) => pattern(i));

test("of patterns that differ before, behind or between their parameters, few are tried", () => {
  const sets: [(i: number) => string, string][] = [
    [(i) => `https://e.com/users/${i}/:id`, "https://e.com/users/77/a"],
    [(i) => `https://e.com/users/:id/room-${i}`, "https://e.com/users/a/room-77"],
    [(i) => `https://e.com/users/:id/rooms/${i}/:x`, "https://e.com/users/77/rooms/77/a"],
    [(i) => `https://e.com/books-${i}-:id`, "https://e.com/books-77-a"],
    [(i) => `https://*.e.com/:a/${i}`, "https://x.e.com/a/77"],
    [(i) => `/users/:id/room-${i}`, "/users/a/room-77"],
  ];
  for (const [pattern, topic] of sets) {
    const { index } = filedUnder(some(pattern));
    const { tried, matched } = search(index, topic);
    expect([topic, matched]).toEqual([topic, [pattern(77)]]);
    expect(tried).toBeLessThan(4);
    expect(index.crowd).toBe(0);
  }
});

test("what is filed under a word is found whatever its place, and removed again", () => {
  const patterns = ["*://*/a/:x", "https://e.com/:x/a", "https://e.com/:x/a{b}?", "https://e.com/(a|b)/c"];
  const { index, filed } = filedUnder(patterns);
  const matched = (topic: string) => search(index, topic).matched.sort();
  expect(matched("https://e.com/a/a")).toEqual(patterns.slice(0, 3));
  expect(matched("https://e.com/b/c")).toEqual([patterns[3]] as string[]);
  for (const one of filed) index.remove(one);
  expect([index.isEmpty, index.crowd, search(index, "https://e.com/a/a").tried]).toEqual([true, 0, 0]);
});

test("patterns that share all that they have are a crowd, until they are gone", () => {
  const { index, filed } = filedUnder(some((i) => `*://*/*a*${i}*`));
  expect(index.crowd).toBeGreaterThan(8192);
  for (const one of filed) index.remove(one);
  expect(index.crowd).toBe(0);
});
