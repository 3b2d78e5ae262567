import { matches } from "../topics/topic-patterns.ts";

/** What may be published. */
export interface PublishGrant {
  /** Exact topics, prefixes that end in `*`, or `*`, which alone allows events without topics. */
  readonly topics: readonly string[];
  /** Event types, in the same forms. None: every type. */
  readonly types?: readonly string[] | undefined;
}

/** The key that a grant rests on. All grants of a key share one of these. */
export interface Credential {
  /** A key as it was handed out, or the key that a token is signed with. */
  readonly kind: "admin-key" | "publish-key" | "token-key";
  /** The beginning of the key's SHA-256: tells keys apart, and gives none away. */
  readonly name: string;
  /** Fires when the key is withdrawn: all that rests on it ends. */
  readonly withdrawn: AbortSignal;
}

/** What the sender of a request may do. */
export interface Grant {
  /** Who it is: administrators see it, and find its clients by it. */
  readonly subject?: string | undefined;
  /**
   * Who it is, for rates and counts: a key, or an issuer's subject. Unlike `subject`, no token can be
   * made to have a key's. None for who can't be told from others.
   */
  readonly account?: string | undefined;
  /** What it rests on; none without a credential. */
  readonly credential?: Credential | undefined;
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

/**
 * For a hub that is closed: everyone may read what is public. Whatever else there is to do is the
 * application's itself, and no credential is known that would let others.
 */
export const PUBLIC: Grant = { anonymous: true, subscribe: ["*"], privateTopics: [] };

/** Why a grant that was good is so no longer; undefined while it is. */
export function endOf({ expires, credential }: Grant): string | undefined {
  if (credential?.withdrawn.aborted) return "the key has been withdrawn";
  return expires !== undefined && expires <= Date.now() ? "the token has expired" : undefined;
}

/** Whether all of the event's topics, and its type, may be published. */
export function mayPublish(
  { publish }: Grant,
  { type, topics = [] }: { readonly type: string; readonly topics?: readonly string[] | undefined },
): boolean {
  if (!publish) return false;
  const { topics: allowed, types = [] } = publish;
  if (types.length > 0 && !matches(types, type)) return false;
  // Without topics it reaches everyone, as it would on every topic.
  return topics.length > 0 ? topics.every((topic) => matches(allowed, topic)) : allowed.includes("*");
}
