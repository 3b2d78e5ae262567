import { expect, test } from "bun:test";
import { parseUrlPattern, urlKey } from "../../src/topics/url-pattern.ts";

const BASE = "https://localhost/.well-known/mercure";

function matches(pattern: string, topic: string): boolean {
  const { prefix, test } = parseUrlPattern(pattern, BASE);
  const key = urlKey(topic, BASE);
  // What an index looks for first must not hide a match.
  return key?.startsWith(prefix) === true && test(key);
}

/** The same numbers each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

const SEGMENTS = [
  ...["a", "b", "ab", ":x", "*", ":y(\\d+)", "(a|b)", "{a}?", "{/:z}?", "{/a}*", "{-:w}+", "é", "a.b", "%41"],
  ...[
    ":q?",
    ":p+",
    "\\:c",
    "(?:)",
    "([^/]+?)",
    "a b",
    "(\\w{2,3})",
    ":id*",
    "([^a])",
    "{:a-:b}?",
    "(.{0,2})",
  ],
];
const TEXTS = [
  "a",
  "b",
  "ab",
  "12",
  "aa",
  "a/b",
  "",
  "a:c",
  "-a-b",
  "%C3%A9",
  "A",
  "a.b",
  "c",
  "a%20b",
  "a-b",
];

test("10,000 random patterns match what the runtime's own engine matches", () => {
  const number = numbers(7);
  const pick = (list: readonly string[]) => list[number(list.length)] ?? "";
  const several = (make: () => string) => Array.from({ length: number(4) }, make).join("");
  let patterns = 0;
  let matched = 0;
  while (patterns < 10_000) {
    const pattern =
      pick(["https://", "http://", "", "wss://", "http{s}?://", ":s://", "data\\:"]) +
      pick(["e.com", "*.e.com", ":h.e.com", "E.com", "localhost", ""]) +
      pick(["", "", ":8080", ":*"]) +
      several(() => pick(["/", "/", "/", ""]) + pick(SEGMENTS)) +
      pick(["", "", "?q=:v", "?*", "#h", "#:f"]);
    let native: URLPattern;
    try {
      native = new URLPattern(pattern, BASE);
    } catch {
      expect(() => parseUrlPattern(pattern, BASE)).toThrow();
      continue;
    }
    patterns++;
    const { prefix, test } = parseUrlPattern(pattern, BASE);
    for (let i = 0; i < 8; i++) {
      const topic =
        pick(["https://", "http://", "wss://", "", "data:"]) +
        pick(["e.com", "a.e.com", "x.y.e.com", "localhost"]) +
        pick(["", "", ":8080"]) +
        several(() => `/${pick(TEXTS)}`) +
        pick(["", "", "?q=1", "#h", "#x"]);
      const key = urlKey(topic, BASE);
      const own = key?.startsWith(prefix) === true && test(key);
      if (own) matched++;
      if (own !== native.test(topic, BASE)) expect([pattern, topic, own]).toEqual([pattern, topic, !own]);
    }
  }
  expect(matched).toBeGreaterThan(500);
});

test("the patterns that stop the native engine take no time", () => {
  const began = process.cpuUsage();
  expect(matches("https://e.com/*a*a*a*a*a*b", `https://e.com/${"a".repeat(500)}`)).toBe(false);
  expect(matches("https://e.com/*a*a*a*a*a*b", `https://e.com/${"a".repeat(500)}b`)).toBe(true);
  expect(matches("https://e.com/((?:a+)+)b", `https://e.com/${"a".repeat(500)}`)).toBe(false);
  expect(matches("https://e.com/((?:a|a)*)c", `https://e.com/${"a".repeat(500)}`)).toBe(false);
  expect(matches("https://e.com/((?:(?:a?){20})*)c", `https://e.com/${"a".repeat(500)}`)).toBe(false);
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1000).toBeLessThan(500);
});

test("what can't be matched in linear time is refused, and what is too large", () => {
  for (const expression of ["(?=a)", "(?!a)", "(?<=a)a", "(?:a)\\1", "\\bx", "\\p{L}", "^a", "[a&&b]"]) {
    expect(() => parseUrlPattern(`https://e.com/(${expression})`, BASE)).toThrow();
  }
  expect(() => parseUrlPattern("https://e.com/((?:a{100}){100})", BASE)).toThrow("steps");
  // Parts without a step, as often as a pattern counts, multiplied.
  for (const nothing of ["(?:)", "(?:a{0})"]) {
    const often = `(?:(?:(?:${nothing}{999}){999}){999})`;
    expect(() => parseUrlPattern(`https://e.com/(${often})`, BASE)).toThrow("steps");
  }
  expect(() => parseUrlPattern(`https://e.com/${"(?:".repeat(200)}a${")".repeat(200)}`, BASE)).toThrow();
});

test("a topic that is no URL matches no pattern", () => {
  expect(urlKey("http://[x", BASE)).toBe(undefined);
  expect(matches("*://*/*", "http://[x")).toBe(false);
});

test("the parts of plain URLs are cut without a parser, as the parser has them", () => {
  const number = numbers(3);
  const pick = (list: readonly string[]) => list[number(list.length)] ?? "";
  const parts = [
    "a",
    "b.c",
    ".",
    "..",
    "%2e",
    "%41",
    "é",
    "A",
    "/",
    "//",
    ":",
    "@",
    "?",
    "#",
    "\\",
    " ",
    "1",
    "0x1",
    "xn--a",
    "-",
    "_",
    "{",
    "'",
    "^",
    "|",
    "..a",
    "a..",
    "~",
  ];
  for (let i = 0; i < 20_000; i++) {
    const topic =
      pick([
        "https://",
        "http://",
        "HTTPS://",
        "https:/",
        "ftp://",
        "http://a",
        "https://e.com/",
        "https://e.com",
        "https://1.2.3.",
        "https://e.com:443/",
        "https://e.com:80/",
        "/",
        "",
      ]) + Array.from({ length: number(6) }, () => pick(parts)).join("");
    const url = URL.parse(topic, BASE);
    const parsed =
      url &&
      [
        url.protocol.slice(0, -1),
        url.hostname,
        url.port,
        url.pathname,
        url.search.slice(1),
        url.hash.slice(1),
        url.username,
        url.password,
        "",
      ].join("\n");
    expect([topic, urlKey(topic, BASE)]).toEqual([topic, parsed ?? undefined]);
  }
});
