import { prefixOf } from "../topics/topic.ts";

/** What may be published. */
export interface PublishGrant {
  /** Exact topics, prefixes that end in `*`, or `*`, which alone allows events without topics. */
  readonly topics: readonly string[];
  /** Event types, in the same forms. None: every type. */
  readonly types?: readonly string[] | undefined;
}

/** What the sender of a request may do. */
export interface Grant {
  /** Who it is: administrators see it, and find its clients by it. */
  readonly subject?: string | undefined;
  /** It showed no credential; what it may not do now, it may yet do with one. */
  readonly anonymous?: boolean | undefined;
  /** Nothing, unless it is given. */
  readonly publish?: PublishGrant | undefined;
  /** The topics it may ask for: exact, prefixes that end in `*`, or `*`. */
  readonly subscribe: readonly string[];
  /** The topics, in the same forms, whose private events it may read. */
  readonly privateTopics: readonly string[];
  /** Whether it may see and remove clients. */
  readonly admin?: boolean | undefined;
  /** When all of this ends, in Unix milliseconds. Never, unless it is given. */
  readonly expires?: number | undefined;
}

const EVERYTHING: PublishGrant = { topics: ["*"] };

/**
 * For a hub without keys: everyone may do everything, but nobody is known well enough to be sent
 * a private event.
 */
export const OPEN: Grant = { publish: EVERYTHING, subscribe: ["*"], privateTopics: [], admin: true };

/** Whether all of the event's topics, and its type, may be published. */
export function mayPublish(
  { publish }: Grant,
  { type, topics = [] }: { readonly type: string; readonly topics?: readonly string[] | undefined },
): boolean {
  if (!publish) return false;
  const { topics: allowed, types = [] } = publish;
  if (types.length > 0 && !isNamed(types, type)) return false;
  // Without topics it reaches everyone, as it would on every topic.
  return topics.length > 0 ? topics.every((topic) => isNamed(allowed, topic)) : allowed.includes("*");
}

/** Whether the patterns take in everything that the wanted topic or pattern does. */
export function covers(patterns: readonly string[], wanted: string): boolean {
  const start = prefixOf(wanted);
  if (start === undefined) return isNamed(patterns, wanted);
  return patterns.some((pattern) => {
    const prefix = prefixOf(pattern);
    return prefix !== undefined && start.startsWith(prefix);
  });
}

function isNamed(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => {
    const prefix = prefixOf(pattern);
    return prefix === undefined ? name === pattern : name.startsWith(prefix);
  });
}
