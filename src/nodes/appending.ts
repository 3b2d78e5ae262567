import type { Draft, Entry } from "../log/entry.ts";

/** What a node appends with one request. */
export interface Appending<Node> {
  readonly node: Node;
  /** Of its request. */
  readonly id: number;
  readonly drafts: readonly Draft[];
  /** The same as the node sent them. */
  readonly body: Buffer;
  /** The node has been told that all of it was kept. */
  isTold: boolean;
}

/** Events that were kept, and where they are all of what was appended with one request, that. */
export interface Part<Node> {
  readonly entries: readonly Entry[];
  readonly whole?: Appending<Node>;
}

/**
 * Parts the events that a store has kept by the requests that appended them. What is not kept, because it
 * had been published before or is refused, is left out of them; the order is that of the requests.
 */
export function* partsOf<Node>(
  entries: readonly Entry[],
  appending: Iterable<Appending<Node>>,
): Generator<Part<Node>, void, void> {
  let from = 0;
  for (const one of appending) {
    if (from === entries.length) return;
    const end = endOf(one.drafts, entries, from);
    if (end === from) continue;
    const part = entries.slice(from, end);
    from = end;
    // The others are to know at once of current values and of ends: see passed-entries.ts.
    const isPlain = !part.some(({ retain, end }) => retain || end);
    const isWhole = isPlain && part.length === one.drafts.length;
    yield isWhole ? { entries: part, whole: one } : { entries: part };
  }
  if (from < entries.length) yield { entries: entries.slice(from) };
}

/** Where the entries of the drafts end that begin there. An entry has the list of topics of its draft. */
function endOf(drafts: readonly Draft[], entries: readonly Entry[], from: number): number {
  let end = from;
  const isNext = (draft: Draft | undefined) => draft !== undefined && entries[end]?.topics === draft.topics;
  if (isNext(drafts[0])) {
    // The entries of one request are some of its drafts, in order: if the last is there too, all are.
    end = from + drafts.length - 1;
    if (isNext(drafts.at(-1))) return end + 1;
    end = from;
  }
  for (const draft of drafts) if (isNext(draft)) end++;
  return end;
}
