import { Problem } from "../http/answer/problem.ts";
import { TooComplex } from "../topics/automaton.ts";
import { PatternError } from "../topics/expression-parser.ts";
import { isMatcherText, matcherOf, matcherText, selectorPatterns } from "../topics/matcher.ts";
import { MAX_CROWD } from "../topics/matcher-index.ts";
import type { Fields } from "./form.ts";
import type { Matcher } from "./subscription.ts";

/** The longest pattern, in UTF-16 code units. */
const MAX_PATTERN = 4096;
/** The most steps of a subscriber's patterns, all together: a match looks at no more for one character. */
const MAX_WIDTH = 8192;
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}]/u;

/** What a subscriber asks for, as patterns of the hub. */
export interface Wanted {
  readonly patterns: readonly string[];
  /** The same as it was asked for, each once. */
  readonly matchers: readonly Matcher[];
  /** Whether it speaks the dialect before version 1. */
  readonly old: boolean;
}

/**
 * The matchers of a subscription: `match`, `match_exact` and `match_urlpattern` of version 1, `topic` of the
 * dialect before.
 *
 * @throws Problem 400 when there is none, too many, or one that is none.
 */
export function readMatchers(fields: Fields, base: string, maxTopics: number): Wanted {
  const patterns: string[] = [];
  const matchers = new Map<string, Matcher>();
  let old = false;
  let count = 0;
  for (const [name, value] of fields) {
    const kind = kindOf(name);
    if (kind === undefined) continue;
    if (++count > maxTopics) throw new Problem(400, `a subscriber names ${maxTopics} matchers at most`);
    assertValue(name, value);
    if (kind === "selector") {
      old = true;
      const own = selectorPatterns(value);
      matchers.set(`${kind} ${value}`, { kind: own.length > 1 ? "template" : "exact", match: value });
      patterns.push(...own);
    } else {
      matchers.set(`${kind} ${value}`, { kind, match: value });
      patterns.push(checked(name, matcherText(kind, value, base)));
    }
  }
  if (count === 0) throw new Problem(400, "name the topics: match, match_urlpattern, or topic");
  return { patterns: [...new Set(patterns)], matchers: [...matchers.values()], old };
}

/**
 * Refuses a subscriber whose patterns would make each search longer, where there are too many of that kind: those
 * that share all their words and their beginning with many others.
 *
 * @throws Problem 400, or 503
 */
export function assertRoom(patterns: readonly string[], crowd: number): void {
  const matchers = patterns.filter(isMatcherText).map(matcherOf);
  const width = matchers.reduce((sum, matcher) => sum + matcher.width, 0);
  if (width > MAX_WIDTH) throw new Problem(400, `the patterns have ${MAX_WIDTH} steps at most, all together`);
  if (crowd > MAX_CROWD && matchers.length > 0) {
    throw new Problem(503, "the hub has as many patterns as it takes", { retryAfter: 10 });
  }
}

function kindOf(name: string): "exact" | "urlpattern" | "selector" | undefined {
  if (name === "match" || name === "match_exact") return "exact";
  if (name === "match_urlpattern") return "urlpattern";
  if (name === "topic") return "selector";
  if (!/^match/i.test(name)) return undefined;
  throw new Problem(
    400,
    `there is no ${JSON.stringify(name.slice(0, 100))}: match, match_exact or match_urlpattern`,
  );
}

function assertValue(name: string, value: string): void {
  if (value === "") throw new Problem(400, `${name} is empty`);
  if (value.length > MAX_PATTERN) throw new Problem(400, `${name} has ${MAX_PATTERN} characters at most`);
  if (CONTROL_OR_FORMAT.test(value)) throw new Problem(400, `${name} has a control or format character`);
}

/** @throws Problem 400 */
function checked(name: string, pattern: string): string {
  try {
    if (isMatcherText(pattern)) matcherOf(pattern);
    return pattern;
  } catch (error) {
    if (error instanceof PatternError || error instanceof TooComplex) {
      throw new Problem(400, `${name}: ${error.message}`);
    }
    throw error;
  }
}
