import { matches, TopicPatterns } from "../topics/topic-patterns.ts";

/** The events that may be published. */
export interface PublishGrant {
  /** Exact topics, prefixes that end in `*`, or `*`, which alone allows events without topics. */
  readonly topics: readonly string[];
  /**
   * Event types, in the same forms.
   *
   * @defaultValue every type
   */
  readonly types?: readonly string[] | undefined;
}

/** The key behind a grant. All grants of one key share one credential. */
export interface Credential {
  /** The kind of the key. `token-key` is the key that signed the token. */
  readonly kind: "admin-key" | "publish-key" | "token-key";
  /** The beginning of the key's SHA-256. It tells keys apart without disclosing them. */
  readonly name: string;
  /** Aborts when the key is withdrawn. Everything that it granted ends. */
  readonly withdrawn: AbortSignal;
}

/** The holder of a token of the Mercure protocol. */
export interface MercureHolder {
  /** Whether the token is of the dialect before version 1: it has the claim `mercure`. */
  readonly old: boolean;
  /** In order: the first that has a subscription's matcher among its topics gives the payload. */
  readonly details: readonly {
    readonly topics: readonly string[];
    /** JSON text. */
    readonly payload?: string | undefined;
  }[];
}

/** The rights of the sender of a request. */
export interface Grant {
  /** The name of the sender. Administrators see it, and find clients by it. */
  readonly subject?: string | undefined;
  /**
   * The account for rates and counts: a key, or an issuer and its subject. Unlike with `subject`, a token
   * can't have the account of a key.
   *
   * @defaultValue the subject, or else the address of the sender
   */
  readonly account?: string | undefined;
  /** The key behind the grant; none without a credential. */
  readonly credential?: Credential | undefined;
  /**
   * Whether the sender showed no credential. A refusal then asks for one (401 instead of 403).
   *
   * @defaultValue false
   */
  readonly anonymous?: boolean | undefined;
  /**
   * The events that may be published.
   *
   * @defaultValue none
   */
  readonly publish?: PublishGrant | undefined;
  /** The topics that may be subscribed to: exact topics, prefixes that end in `*`, or `*`. */
  readonly subscribe: readonly string[];
  /** The topics, in the same forms, whose private events may be read. */
  readonly privateTopics: readonly string[];
  /**
   * The topics, in the same forms, whose readers' subjects may be known, as far as their private events may be
   * read too.
   *
   * @defaultValue none
   */
  readonly presence?: readonly string[] | undefined;
  /**
   * What a token of the Mercure protocol says besides: which version it is of, and the payloads of its
   * subscriptions.
   *
   * @defaultValue none
   */
  readonly mercure?: MercureHolder | undefined;
  /**
   * Whether the sender is an administrator: sees and removes clients, reads metrics, erases, backs up.
   *
   * @defaultValue false
   */
  readonly admin?: boolean | undefined;
  /**
   * When the grant ends, in Unix milliseconds.
   *
   * @defaultValue never
   */
  readonly expires?: number | undefined;
}

const EVERYTHING: PublishGrant = { topics: ["*"] };

/**
 * For a hub without keys: everyone may do everything. Nobody may read private events, because nobody
 * can show who they are.
 */
export const OPEN: Grant = { publish: EVERYTHING, subscribe: ["*"], privateTopics: [], admin: true };

/**
 * For a closed hub: everyone may read public events. The rest is for the application itself, and no
 * credential grants it.
 */
export const PUBLIC: Grant = { anonymous: true, subscribe: ["*"], privateTopics: [] };

/** Why a grant has ended; undefined while it is valid. */
export function endOf({ expires, credential }: Grant): string | undefined {
  if (credential?.withdrawn.aborted) return "the key has been withdrawn";
  return expires !== undefined && expires <= Date.now() ? "the token has expired" : undefined;
}

/** Whether the grant allows to publish an event of this type on all of these topics. */
export function mayPublish(
  { publish }: Grant,
  { type, topics = [] }: { readonly type: string; readonly topics?: readonly string[] | undefined },
): boolean {
  if (!publish) return false;
  const { topics: allowed, types = [] } = publish;
  if (types.length > 0 && !matches(types, type)) return false;
  // A broadcast reaches everyone, so it needs the right to every topic.
  if (topics.length === 0) return allowed.includes("*");
  const patterns = TopicPatterns.of(allowed);
  return topics.every((topic) => patterns.has(topic));
}
