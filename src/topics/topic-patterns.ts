import { isMatcherText, matcherMatches } from "./matcher.ts";
import { prefixOf } from "./topic.ts";

/** A list of topic patterns: exact names, prefixes that end in `*`, `*` for all topics, or matchers. */
export class TopicPatterns {
  /** As they were given. */
  readonly patterns: readonly string[];
  readonly #exact: ReadonlySet<string>;
  readonly #prefixes: readonly string[];
  readonly #matchers: readonly string[];

  constructor(patterns: readonly string[]) {
    this.patterns = patterns;
    this.#exact = new Set(patterns.filter((pattern) => prefixOf(pattern) === undefined));
    this.#prefixes = patterns.map(prefixOf).filter((prefix) => prefix !== undefined);
    this.#matchers = patterns.filter(isMatcherText);
  }

  has(topic: string): boolean {
    return (
      this.#exact.has(topic) ||
      this.#prefixes.some((prefix) => topic.startsWith(prefix)) ||
      this.#matchers.some((matcher) => matcherMatches(matcher, topic))
    );
  }

  hasAny(topics: readonly string[]): boolean {
    return topics.some((topic) => this.has(topic));
  }
}

/** Whether the patterns allow every topic that the wanted topic or pattern stands for. */
export function covers(patterns: readonly string[], wanted: string): boolean {
  const start = prefixOf(wanted);
  if (start === undefined) return matches(patterns, wanted);
  return patterns.some((pattern) => {
    const prefix = prefixOf(pattern);
    return prefix !== undefined && start.startsWith(prefix);
  });
}

/** Whether the name matches one of the patterns. For a few patterns that are tried once. */
export function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => {
    if (isMatcherText(pattern)) return name === pattern || matcherMatches(pattern, name);
    const prefix = prefixOf(pattern);
    return prefix === undefined ? name === pattern : name.startsWith(prefix);
  });
}
