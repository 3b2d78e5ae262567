import { createEntry, type Entry } from "./entry.ts";
import type { Lives } from "./lives.ts";

/** A block is full with this many events… */
const MOST_EVENTS = 100;
/** …or when their data is as long as this, in characters: whoever looks for one event reads them all. */
const FULL = 16 * 1024;
/** What an event takes in the file besides its texts, in bytes, roughly. */
const OVERHEAD = 40;

/**
 * Consecutive events that were kept together, in one row of the file. SQLite takes longer over a row
 * than over all that is in it.
 */
export interface Block {
  /** The position of its last event. */
  readonly last: number;
  /** When they were kept, in milliseconds since 1970. */
  readonly keptAt: number;
  /** What each has besides its data, as JSON: an array of {@link Head}s. */
  readonly heads: string;
  /** The data of each on a line of its own, as it came. */
  readonly data: string;
}

/** A block to be kept. */
export interface FreshBlock extends Block {
  readonly count: number;
  /** What it takes in the file, in bytes, roughly. */
  readonly size: number;
}

/** Its id, type, topics and recipients, whether it is private, and its `retry`. */
type Head = [string, string | null, readonly string[], number, boolean, number | null];

/** Puts consecutive events, kept at one time, into as few blocks as hold them. */
export function blocksOf(entries: readonly Entry[]): FreshBlock[] {
  const blocks: FreshBlock[] = [];
  let next: Entry[] = [];
  let length = 0;
  for (const entry of entries) {
    next.push(entry);
    length += entry.json.length;
    if (next.length < MOST_EVENTS && length < FULL) continue;
    blocks.push(blockOf(next, entry));
    next = [];
    length = 0;
  }
  const last = next.at(-1);
  if (last) blocks.push(blockOf(next, last));
  return blocks;
}

function blockOf(entries: readonly Entry[], { position: last, keptAt }: Entry): FreshBlock {
  const heads = JSON.stringify(entries.map(headOf));
  const data = entries.map(({ json }) => json).join("\n");
  const count = entries.length;
  const size = OVERHEAD * count + Buffer.byteLength(heads) + Buffer.byteLength(data);
  return { last, keptAt, heads, data, count, size };
}

function headOf({ id, type, topics, recipients, private: hidden, retry }: Entry): Head {
  return [id, type ?? null, topics, recipients, hidden, retry ?? null];
}

/** The events of a block, oldest first. */
export function entriesOf({ last, keptAt, heads: headsText, data }: Block, lives?: Lives): Entry[] {
  const heads: Head[] = JSON.parse(headsText);
  const lines = data.split("\n");
  if (lines.length !== heads.length) throw new Error(`the events up to position ${last} are damaged`);
  const first = last + 1 - heads.length;
  return heads.map(([id, type, topics, recipients, hidden, retry], i) => {
    const position = first + i;
    return createEntry({
      ...{ word: lives?.wordOf(position) ?? "", position, id, keptAt, recipients, erased: false },
      ...{ type: type ?? undefined, json: lines[i] ?? "", text: false, topics, retry: retry ?? undefined },
      ...{ private: hidden, retain: false },
    });
  });
}
