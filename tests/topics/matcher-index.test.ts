import { expect, test } from "bun:test";
import { matcherOf, matcherText } from "../../src/topics/matcher.ts";
import { MAX_CROWD, MatcherIndex } from "../../src/topics/matcher-index.ts";
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

test("patterns of which each begins like the next are a crowd, in any order, until they are gone", () => {
  const nested = (i: number) => `https://e.com/${"a".repeat(i % 100)}*b*${i}*`;
  for (const patterns of [some(nested), some(nested).reverse()]) {
    const { index, filed } = filedUnder(patterns);
    expect(index.crowd).toBeGreaterThan(MAX_CROWD);
    for (const one of filed) index.remove(one);
    expect([index.crowd, index.isEmpty]).toEqual([0, true]);
  }
});

test("whatever patterns are taken while there is room, a search looks at a bounded number of their steps", () => {
  const part = (i: number) => (i % 30).toString(36).padStart(2, "0");
  const sets: ((i: number) => string)[] = [
    (i) => `*://*/*a*a*${i}*`,
    (i) => `https://e.com/${"a".repeat(i % 200)}*a*a*${i}*`,
    (i) => `*://*/*/${part(i)}/*0*${i}*`,
    (i) => `https://e.com/${Array.from({ length: i % 30 }, (_, n) => part(n)).join("/")}*/*${i}`,
  ];
  const topics = [
    `https://e.com/${"a".repeat(300)}`,
    `https://e.com/${Array.from({ length: 28 }, (_, i) => part(i)).join("/")}`,
  ];
  for (const pattern of sets) {
    const index = new MatcherIndex<string>();
    for (let i = 0; i < 5000 && index.crowd <= MAX_CROWD; i++) {
      const matcher = matcherOf(matcherText("urlpattern", pattern(i), BASE));
      index.add({ matcher, items: new Set() });
    }
    for (const topic of topics) {
      const key = urlKey(topic, BASE) ?? "";
      let width = 0;
      index.find(key, ({ matcher }) => {
        width += matcher.width;
      });
      // A folder for each slash or line end, a word between any two, and one more pattern than there is room for.
      const drawers = 2 * key.split(/[/\n]/).length;
      expect(width).toBeLessThan(MAX_CROWD + 256 * (drawers + 1));
    }
  }
});
