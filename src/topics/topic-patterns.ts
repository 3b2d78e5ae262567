import { exactName, isMatcherText, matcherMatches } from "./matcher.ts";
import { PatternIndex } from "./pattern-index.ts";
import { prefixOf } from "./topic.ts";

/** More patterns than this are looked up, and not tried one by one. */
const FEW = 8;

/** A list of topic patterns: exact names, prefixes that end in `*`, `*` for all topics, or matchers. */
export class TopicPatterns {
  /** As they were given. */
  readonly patterns: readonly string[];
  readonly #exact: ReadonlySet<string>;
  readonly #others: readonly string[];
  /** The others, if they are more than a few. It is made when it is needed. */
  #index: PatternIndex<true> | undefined;
  /** The topic that was looked for last. Readers with the same token look for the same. */
  #last: { readonly topic: string; readonly has: boolean } | undefined;

  constructor(patterns: readonly string[]) {
    this.patterns = patterns;
    const isExact = (pattern: string) => prefixOf(pattern) === undefined && !isMatcherText(pattern);
    this.#exact = new Set(patterns.filter(isExact));
    this.#others = patterns.filter((pattern) => !isExact(pattern));
  }

  /** The same object for the same list, so that all readers with one token share it. */
  static of(patterns: readonly string[]): TopicPatterns {
    const known = shared.get(patterns) ?? new TopicPatterns(patterns);
    shared.set(patterns, known);
    return known;
  }

  /** How crowded they are: see {@link PatternIndex.crowd}. A few are no crowd. */
  get crowd(): number {
    return this.#others.length <= FEW ? 0 : this.#indexed().crowd;
  }

  has(topic: string): boolean {
    if (this.#exact.has(topic)) return true;
    if (this.#others.length === 0) return false;
    if (this.#last?.topic !== topic) this.#last = { topic, has: this.#find(topic) };
    return this.#last.has;
  }

  hasAny(topics: readonly string[]): boolean {
    return topics.some((topic) => this.has(topic));
  }

  #find(topic: string): boolean {
    if (this.#others.length <= FEW) return matches(this.#others, topic);
    let found = false;
    this.#indexed().find(topic, () => {
      found = true;
    });
    return found;
  }

  #indexed(): PatternIndex<true> {
    if (this.#index) return this.#index;
    this.#index = new PatternIndex();
    for (const pattern of this.#others) this.#index.add(pattern, true);
    return this.#index;
  }
}

const shared = new WeakMap<readonly string[], TopicPatterns>();

/**
 * Whether the patterns allow every topic that the wanted topic or pattern stands for. A URL pattern or a template
 * is allowed by itself, and by `*`: what one takes of another is not compared.
 */
export function covers(patterns: readonly string[], wanted: string): boolean {
  const name = exactName(wanted);
  if (name !== undefined) return matches(patterns, name);
  if (isMatcherText(wanted)) return patterns.includes(wanted) || patterns.includes("*");
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
    if (isMatcherText(pattern)) return matcherMatches(pattern, name);
    const prefix = prefixOf(pattern);
    return prefix === undefined ? name === pattern : name.startsWith(prefix);
  });
}
