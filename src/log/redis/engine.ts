import type { LifeChain } from "./life-chain.ts";

/**
 * What nodes ask of the engine, and what it answers. The engine is Redis with the scripts of the
 * folder scripts; tests/log/redis has a model of it. README.md in this folder tells how a lost tail
 * is put back.
 */

/** Consecutive events, as one entry of the stream holds them. The engine does not read `text`. */
export interface BlockContent {
  readonly count: number;
  /** What it takes in Redis, in bytes, roughly. */
  readonly size: number;
  /** `name:index` of each event that has an id, with one space between. See names.ts. */
  readonly names: string;
  /**
   * The keys of the current values that its event sets and of the topics that it ends, with one space between,
   * or `-KEY` to clear one; empty for none. `xPLACE` erases the event at a place. A block with some holds one
   * event. See names.ts.
   */
  readonly current: string;
  readonly text: string;
}

/** A block with its place. The blocks of one append are a unit: they are kept or lost as a whole. */
export interface Block extends BlockContent {
  readonly word: string;
  /** The position of its last event. */
  readonly last: number;
  readonly keptAt: number;
  readonly node: string;
  /** The number that its node gave to the append. */
  readonly seq: number;
  /** The position of the unit's first event. */
  readonly unitFirst: number;
  /** The position of the unit's last event. */
  readonly unitLast: number;
}

/** The newest append of a node that a log has, and the position of its last event. */
export interface NodeSeq {
  readonly node: string;
  readonly seq: number;
  readonly last: number;
}

/** What a node says when it has connected, and every 3 s. */
export interface Hello {
  readonly node: string;
  /** For the life that begins if this call ends a recovery. */
  readonly newWord: string;
  readonly lives: LifeChain;
  /** The position up to which it has followed the log. */
  readonly head: number;
  /** It can put back what comes after this position. */
  readonly low: number;
  /** The master's replication id, as it last heard it. */
  readonly replid: string;
  readonly seqs: readonly NodeSeq[];
  /** It has looked for another master, and there is none. */
  readonly insists: boolean;
}

export interface Append {
  readonly node: string;
  readonly seq: number;
  /** The life that the node is in. */
  readonly word: string;
  /** The node has followed the log up to here. Nothing is kept in a log that ends before: it was set back. */
  readonly head: number;
  readonly blocks: readonly BlockContent[];
  /** For events that are refused on a topic that has ended. */
  readonly ends?: KnownEnds | undefined;
  /** With a block that erases an event. */
  readonly rewrite?: Rewrite | undefined;
}

/** What the block of an event that is erased is to be. */
export interface Rewrite {
  /** The SHA-1 digest of its text before, in hexadecimal; empty when there is no such block. */
  readonly of: string;
  readonly current: string;
  readonly text: string;
}

/** What a node knows of ends: nothing is kept when others came later, unless none is of a topic that it names. */
export interface KnownEnds {
  /** It knows the topics that have ended up to this position. */
  readonly upTo: number;
  /** The keys of all topics of the events, with one space between; empty: they could be any. */
  readonly topics: string;
}

/** Puts one unit back into a log that lost it. */
export interface PutBack {
  readonly node: string;
  readonly newWord: string;
  readonly blocks: readonly Block[];
  /** With a block that erases an event. */
  readonly rewrite?: Rewrite | undefined;
}

/** A part of the stream: the ids of its entries begin with this number, and their positions come after `after`. */
export interface Epoch {
  readonly number: number;
  readonly after: number;
}

export interface EngineBounds {
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds; `Infinity` for any age. */
  readonly age: number;
  /**
   * Of how many bytes what is past the bounds stays for the nodes that are about to follow it, unless
   * it is too old. Readers that come back do not get it.
   */
  readonly spare: number;
  /** How many current values there may be, and of how many bytes. An event on several topics is as many. */
  readonly values: number;
  readonly valueBytes: number;
  /** How many ended topics there may be. */
  readonly ends: number;
}

/** What the log holds. */
export interface Counts {
  /** The position of the oldest event that is held, or of the next one. */
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
  /** What the current values take, in bytes, roughly. */
  readonly valueBytes: number;
  /** All current values before this position have gone, past the bound; and how many have in all. */
  readonly floor: number;
  readonly dropped: number;
  /** All topics that ended before this position are open again, past the bound; and how many are in all. */
  readonly endsFloor: number;
  readonly endsDropped: number;
}

/** The log goes on. */
export interface Open {
  readonly state: "open";
  readonly lives: LifeChain;
  readonly epochs: readonly Epoch[];
  readonly head: number;
  /** The position of the newest event that is held; 0 when none is. After it, positions may be missing. */
  readonly tail: number;
  readonly counts: Counts;
  readonly replid: string;
  readonly seqs: readonly NodeSeq[];
}

/** The engine hears what the nodes have, and then lets them put back what it lost. */
export interface Recovery {
  readonly state: "hearing" | "putting back";
  /** The log that is put back, and how far. */
  readonly lives: LifeChain;
  readonly head: number;
  readonly end: number;
}

/** The node knows a later life than this engine: it may not be the master any more. */
export interface Elsewhere {
  readonly state: "elsewhere";
}

export type HelloAnswer = Open | Recovery | Elsewhere;

export type AppendAnswer =
  /** `last` is the position of its last event. */
  | { readonly result: "kept"; readonly last: number; readonly counts: Counts }
  /** This number was used before: what was kept under it ends at `last`, or is nothing, with 0. */
  | { readonly result: "again"; readonly last: number }
  /** Nothing is kept: these names stand at these positions already. */
  | { readonly result: "held"; readonly held: ReadonlyMap<string, number> }
  /** Nothing is kept: topics have ended that the node does not know of. They did up to this position. */
  | { readonly result: "ended"; readonly upTo: number }
  /** Nothing is kept: the block that was to be rewritten is another by now. */
  | { readonly result: "changed" }
  /** The engine is in another life or in a recovery: say hello. */
  | { readonly result: "hello" }
  /** The number is lower than the node's last. */
  | { readonly result: "stale" };

/** How long each step of a recovery may take, in milliseconds. The scripts have the same. */
export const RECOVERY = {
  /** A recovery hears nodes for this long at least, from the first hello on… */
  minHearing: 1000,
  /** …and at most. */
  maxHearing: 5000,
  /** So long without a block, and it goes on without the nodes that have fallen silent. */
  stall: 5000,
  /** It ends after this time in any case, whoever comes and goes. */
  longest: 60_000,
  /** A node that has not called for this long has fallen silent. */
  silence: 1000,
  /** A node whose last hello was longer ago was not there when the old life ended. */
  lease: 10_000,
  /** Longer between two calls, and the hub stood still, or the clock has jumped: nobody ages by that. */
  step: 5000,
  /** Longer without a hello, and its number is forgotten. */
  seqKept: 3_600_000,
} as const;
