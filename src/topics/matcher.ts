import { isTemplate, parseTemplate } from "./uri-template.ts";
import { parseUrlPattern, urlKey } from "./url-pattern.ts";

/**
 * Patterns beyond those of native readers have a text form of their own, so that they go wherever patterns
 * go. It begins with a character that no topic has.
 */
const MARK = "\u001f";

/**
 * How a pattern is meant: as the name itself, even if it ends in `*`; as a URL pattern (WHATWG); as a URI
 * template (RFC 6570).
 */
export type MatcherKind = "exact" | "urlpattern" | "template";

/** A pattern that is ready to match. */
export interface Matcher {
  /** What the key of a topic that it matches begins with. */
  readonly prefix: string;
  /** Words that this key has: see `eachWord`. */
  readonly words: readonly string[];
  /** The most that a match looks at for one character of the key. */
  readonly width: number;
  /** The URL that URLs are relative to; undefined where the key of a topic is the topic. */
  readonly base: string | undefined;
  /** Whether it matches a topic with this key. */
  test(key: string): boolean;
}

/** The text form of a pattern. `*` means every topic in any form. */
export function matcherText(kind: MatcherKind, value: string, base = ""): string {
  if (value === "*") return value;
  if (kind === "exact") return value.endsWith("*") ? EXACT + value : value;
  return ["", kind, value, ...(kind === "urlpattern" ? [base] : [])].join(MARK);
}

/**
 * The patterns of a selector of the Mercure protocol before version 1: the topic itself, or a URI template. One
 * that is no template, or one too large, is a topic all the same.
 */
export function selectorPatterns(selector: string): string[] {
  const exact = matcherText("exact", selector);
  if (!isTemplate(selector)) return [exact];
  const template = matcherText("template", selector);
  try {
    matcherOf(template);
    return [exact, template];
  } catch {
    return [exact];
  }
}

const EXACT = `${MARK}exact${MARK}`;

/** The name that a text form stands for, if it is one of a name that ends in `*`. */
export function exactName(pattern: string): string | undefined {
  return pattern.startsWith(EXACT) ? pattern.slice(EXACT.length) : undefined;
}

/** Whether a pattern has the text form of a matcher. */
export function isMatcherText(pattern: string): boolean {
  return pattern.startsWith(MARK);
}

/** The pattern as it was asked for. */
export function shownPattern(pattern: string): string {
  return isMatcherText(pattern) ? (pattern.split(MARK)[2] ?? "") : pattern;
}

/** The most matchers that are kept ready. */
const MAX_READY = 1024;
const ready = new Map<string, Matcher>();

/** The matcher of a text form. @throws PatternError; TooComplex */
export function matcherOf(pattern: string): Matcher {
  const known = ready.get(pattern);
  if (known) return known;
  const matcher = parse(pattern);
  for (const oldest of ready.keys()) {
    if (ready.size < MAX_READY) break;
    ready.delete(oldest);
  }
  ready.set(pattern, matcher);
  return matcher;
}

function parse(pattern: string): Matcher {
  const [, kind, value = "", base = ""] = pattern.split(MARK);
  if (kind === "exact") {
    return { prefix: value, words: [], width: 1, base: undefined, test: (topic) => topic === value };
  }
  if (kind === "template") {
    const { prefix, words, width, test } = parseTemplate(value);
    return { prefix, words, width, base: undefined, test };
  }
  const { prefix, words, width, test } = parseUrlPattern(value, base);
  return { prefix, words, width, base, test };
}

/** The topic that was looked at last: it is held against many patterns. */
let last: { readonly topic: string; readonly base: string; readonly key: string | undefined } | undefined;

/** What matchers with this base look at; undefined for a topic that is no URL. */
export function keyOf(topic: string, base: string | undefined): string | undefined {
  if (base === undefined) return topic;
  if (last?.topic !== topic || last.base !== base) last = { topic, base, key: urlKey(topic, base) };
  return last.key;
}

/** The most slashes of a topic that matchers look at. Each part of it may open a drawer of patterns. */
const MAX_DEPTH = 32;

/** Whether a topic has so many parts that no URL pattern or template matches it. */
export function isDeep(topic: string): boolean {
  let at = -1;
  for (let slashes = 0; slashes <= MAX_DEPTH; slashes++) {
    at = topic.indexOf("/", at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Whether the pattern, which has the text form of a matcher, matches the topic. */
export function matcherMatches(pattern: string, topic: string): boolean {
  const name = exactName(pattern);
  if (name !== undefined || isDeep(topic)) return name === topic;
  const matcher = matcherOf(pattern);
  const key = keyOf(topic, matcher.base);
  return key?.startsWith(matcher.prefix) === true && matcher.test(key);
}

/** A native pattern that takes at least the same topics: for a store that looks for them. */
export function widened(pattern: string): string {
  if (!isMatcherText(pattern)) return pattern;
  const { prefix, base } = matcherOf(pattern);
  return base === undefined ? `${prefix.replace(/\*$/, "")}*` : "*";
}
