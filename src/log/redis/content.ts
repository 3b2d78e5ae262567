import { DEFAULT_TYPE } from "../../protocol/frame.ts";
import { type Place, placeText } from "../../protocol/place.ts";
import { blocksOf, DamagedBlock, decodeBlock, encodeBlock, type Block as StoredBlock } from "../block.ts";
import { createEntry, type Draft, type Entry, erasedEntry, keptEntry } from "../entry.ts";
import type { Block, BlockContent, Rewrite } from "./engine.ts";
import { clearedKey, endKey, erasureKey, nameOf, valueKey, withoutValues } from "./names.ts";

/** What a block takes in Redis besides its texts, in bytes, roughly. */
const BLOCK_BYTES = 100;
/** What Redis takes for a text, as a multiple of it: its allocator rounds up. Measured with Redis 7.0. */
const TEXT_FACTOR = 1.2;
/** What a name takes in Redis: in the block and in the hash, in bytes, roughly. */
const NAME_BYTES = 180;

/**
 * The drafts as blocks that wait for their places. Redis gives the place and the time, so the texts
 * have none: positions count from 1, and there is no word.
 */
export function contentsOf(drafts: readonly Draft[], recipients: readonly number[]): BlockContent[] {
  const entries = drafts.map((draft, i) => keptEntry(draft, "", i + 1, 0, recipients[i] ?? 0));
  return runsOf(entries)
    .flatMap(blocksOf)
    .map((block) => contentOf(block, drafts));
}

/** What clears a current value: it takes a place in the log, and readers are sent nothing for it. */
export function clearing(type: string, topic: string | undefined): BlockContent {
  return { ...note(type, topic), current: clearedKey(valueKey(type, topic)) };
}

/** What opens a topic that has ended: likewise. */
export function opening(topic: string): BlockContent {
  return { ...note(undefined, topic), current: clearedKey(endKey(topic)) };
}

/** What erases the event at a place: likewise. */
export function erasing(place: Place): BlockContent {
  return { ...note(undefined, undefined), current: erasureKey(placeText(place)) };
}

/** The block without the data of its event at a position. One that is damaged stays as it is. @throws NewerBlock */
export function withoutEvent<B extends Pick<Block, "last" | "count" | "current" | "text">>(
  block: B,
  position: number,
): B {
  let stored: StoredBlock;
  try {
    stored = decodeBlock(block.text);
  } catch (error) {
    if (error instanceof DamagedBlock) return block;
    throw error;
  }
  const index = position - (block.last - block.count + 1);
  const entries = stored.entries.map((entry, i) => (i === index ? erasedEntry(entry) : entry));
  return { ...block, current: withoutValues(block.current), text: encodeBlock({ ...stored, entries }) };
}

/** How the block with the event at a position is rewritten when it is erased; undefined: there is none. */
export function rewriteOf(block: Block | undefined, position: number): Rewrite {
  if (!block) return { of: "", current: "", text: "" };
  const { current, text } = withoutEvent(block, position);
  return { of: new Bun.CryptoHasher("sha1").update(block.text).digest("hex"), current, text };
}

function note(type: string | undefined, topic: string | undefined): BlockContent {
  const entry = createEntry({
    ...{ word: "", position: 1, id: placeText({ word: "", position: 1 }), keptAt: 0, recipients: 0 },
    ...{ type, topics: topic === undefined ? [] : [topic], json: "null", text: false, retry: undefined },
    ...{ private: false, retain: false, end: false, erased: true },
  });
  return contentOf({ word: "", last: 1, keptAt: 0, entries: [entry] }, []);
}

/**
 * Each event alone that becomes a current value or ends its topics, so that Redis can keep it when the rest
 * goes, and undo it when it is lost.
 */
function runsOf(entries: readonly Entry[]): Entry[][] {
  const runs: Entry[][] = [];
  let open: Entry[] | undefined;
  for (const entry of entries) {
    const isAlone = entry.retain || entry.end;
    if (open && !isAlone) open.push(entry);
    else {
      const run = [entry];
      runs.push(run);
      open = isAlone ? undefined : run;
    }
  }
  return runs;
}

function keysOf({ type = DEFAULT_TYPE, topics, retain, end, private: isPrivate }: Entry): readonly string[] {
  if (!retain && !end) return [];
  const each = [...new Set(topics)];
  const keys = end ? each.map((topic) => endKey(topic, isPrivate)) : [];
  if (!retain) return keys;
  const values = topics.length === 0 ? [undefined] : each;
  return [...keys, ...values.map((topic) => valueKey(type, topic))];
}

function contentOf(block: StoredBlock, drafts: readonly Draft[]): BlockContent {
  const text = encodeBlock(block);
  const names = block.entries.flatMap(({ position, topics }, index) => {
    const { id } = drafts[position - 1] ?? {};
    return id === undefined ? [] : [`${nameOf(id, topics)}:${index}`];
  });
  const size = BLOCK_BYTES + Math.ceil(TEXT_FACTOR * Buffer.byteLength(text)) + NAME_BYTES * names.length;
  const current = block.entries.flatMap(keysOf).join(" ");
  return { count: block.entries.length, size, names: names.join(" "), current, text };
}

/**
 * The events of a block, at their places.
 *
 * @throws DamagedBlock; NewerBlock.
 */
export function entriesOf({
  word,
  last,
  keptAt,
  text,
}: Pick<Block, "word" | "last" | "keptAt" | "text">): readonly Entry[] {
  return decodeBlock(text, { word, last, keptAt }).entries;
}
