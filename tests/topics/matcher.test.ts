import { expect, test } from "bun:test";
import {
  matcherMatches,
  matcherText,
  selectorPatterns,
  shownPattern,
  widened,
} from "../../src/topics/matcher.ts";
import { PatternIndex } from "../../src/topics/pattern-index.ts";
import { covers, matches, TopicPatterns } from "../../src/topics/topic-patterns.ts";

const BASE = "https://localhost/.well-known/mercure";
const urls = (pattern: string) => matcherText("urlpattern", pattern, BASE);

function found(index: PatternIndex<string>, topic: string): string[] {
  const items: string[] = [];
  index.find(topic, (item) => items.push(item));
  return items.sort();
}

test("patterns of all kinds share an index and a list", () => {
  const index = new PatternIndex<string>();
  const patterns = [
    "https://e.com/1",
    "https://e.com/*",
    urls("https://e.com/:id"),
    urls("/books/:id"),
    matcherText("exact", "a*"),
    matcherText("template", "https://e.com/{id}"),
  ];
  for (const pattern of patterns) index.add(pattern, shownPattern(pattern));
  expect(found(index, "https://e.com/1")).toEqual([
    "https://e.com/*",
    "https://e.com/1",
    "https://e.com/:id",
    "https://e.com/{id}",
  ]);
  expect(found(index, "HTTPS://E.com/1")).toEqual(["https://e.com/:id"]);
  expect(found(index, "/books/1")).toEqual(["/books/:id"]);
  expect(found(index, "a*")).toEqual(["a*"]);
  expect(found(index, "ab")).toEqual([]);
  const list = new TopicPatterns([urls("https://e.com/:id"), matcherText("exact", "a*")]);
  expect(["https://e.com/1", "https://e.com/1/2", "a*", "ab"].map((topic) => list.has(topic))).toEqual([
    true,
    false,
    true,
    false,
  ]);
  for (const pattern of patterns) index.remove(pattern, shownPattern(pattern));
  expect(index.isEmpty).toBe(true);
  expect(found(index, "https://e.com/1")).toEqual([]);
});

test("a matcher grants the topics that it matches, and no prefix", () => {
  const granted = [urls("https://e.com/*"), matcherText("template", "t/{x}*")];
  expect(matches(granted, "https://e.com/a/b")).toBe(true);
  expect(matches(granted, "t/1*")).toBe(true);
  expect(covers(granted, "https://e.com/a*")).toBe(false);
  expect(covers(granted, "t/*")).toBe(false);
});

test("a store is asked for at least what a matcher takes", () => {
  expect(widened("orders/*")).toBe("orders/*");
  expect(widened(matcherText("exact", "a*"))).toBe("a*");
  expect(widened(matcherText("template", "https://e.com/{id}"))).toBe("https://e.com/*");
  expect(widened(urls("https://e.com/:id"))).toBe("*");
});

test("a selector that is no template is a topic", () => {
  expect(selectorPatterns("a{")).toEqual(["a{"]);
  expect(selectorPatterns("*")).toEqual(["*"]);
  expect(selectorPatterns("a{b}")).toHaveLength(2);
});

test("of 10,000 URL patterns, a search tries only those that begin like the topic", () => {
  const prefixes = new PatternIndex<number>();
  const patterns = new PatternIndex<number>();
  for (let i = 0; i < 10_000; i++) {
    prefixes.add(`https://example.com/books/${i}/*`, i);
    patterns.add(urls(`https://example.com/books/${i}/:page`), i);
  }
  let count = 0;
  const tried = { prefixes: 0, patterns: 0 };
  prefixes.find("https://example.com/books/77/1", () => tried.prefixes++);
  patterns.find("https://example.com/books/77/1", () => tried.patterns++);
  patterns.find("https://example.com/books/77/1/2", () => count++);
  expect([tried, count]).toEqual([{ prefixes: 1, patterns: 1 }, 0]);
});

test("a topic of more parts than anybody's is matched by no URL pattern and no template, but by its name", () => {
  const deep = `https://e.com${"/a".repeat(40)}/*`;
  const flat = `https://e.com${"/a".repeat(20)}/*`;
  const index = new PatternIndex<string>();
  const patterns = [
    urls("https://e.com/*"),
    matcherText("template", "https://e.com{/a*}/{b}{+c}"),
    matcherText("exact", deep),
  ];
  for (const pattern of patterns) index.add(pattern, pattern);
  const found: string[] = [];
  index.find(deep, (pattern) => found.push(pattern));
  expect(found).toEqual(patterns.slice(2));
  expect(patterns.map((pattern) => matcherMatches(pattern, deep))).toEqual([false, false, true]);
  expect(matcherMatches(urls("https://e.com/*"), flat)).toBe(true);
  index.remove(matcherText("exact", deep), matcherText("exact", deep));
  index.find(deep, (pattern) => found.push(pattern));
  expect(found).toHaveLength(1);
});

test("many patterns have the topics that each of them has, and readers with one token share them", () => {
  const list = Array.from({ length: 300 }, (_, i) => [
    `exact/${i}`,
    `under/${i}/*`,
    urls(`https://e.com/:id/${i}`),
    matcherText("template", `https://e.com/books/{id}/${i}`),
    matcherText("exact", `star/${i}/*`),
  ]).flat();
  const patterns = new TopicPatterns(list);
  const topics = ["exact/7", "under/7/a", "https://e.com/a/7", "https://e.com/books/x/7", "star/7/*"];
  const others = ["exact/300", "under/300/a", "https://e.com/a/300", "https://e.com/books/x/y/7", "star/7/a"];
  for (let time = 0; time < 2; time++) {
    expect(topics.filter((topic) => !patterns.has(topic))).toEqual([]);
    expect(others.filter((topic) => patterns.has(topic))).toEqual([]);
  }
  expect(patterns.crowd).toBe(0);
  expect(TopicPatterns.of(list)).toBe(TopicPatterns.of(list));
});
