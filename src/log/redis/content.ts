import { placeText } from "../../protocol/place.ts";
import { blocksOf, decodeBlock, encodeBlock, type Block as StoredBlock } from "../block.ts";
import { createEntry, type Draft, type Entry } from "../entry.ts";
import type { Block, BlockContent } from "./engine.ts";
import { nameOf } from "./names.ts";

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
  const entries = drafts.map((draft, i) => {
    const place = { word: "", position: i + 1 };
    const id = draft.id ?? placeText(place);
    return createEntry({ ...draft, ...place, id, keptAt: 0, recipients: recipients[i] ?? 0, erased: false });
  });
  return blocksOf(entries).map((block) => contentOf(block, drafts));
}

function contentOf(block: StoredBlock, drafts: readonly Draft[]): BlockContent {
  const text = encodeBlock(block);
  const names = block.entries.flatMap(({ position, topics }, index) => {
    const { id } = drafts[position - 1] ?? {};
    return id === undefined ? [] : [`${nameOf(id, topics)}:${index}`];
  });
  const size = BLOCK_BYTES + Math.ceil(TEXT_FACTOR * Buffer.byteLength(text)) + NAME_BYTES * names.length;
  return { count: block.entries.length, size, names: names.join(" "), text };
}

/**
 * The events of a block, at their places.
 *
 * @throws DamagedBlock; NewerBlock.
 */
export function entriesOf({ word, last, keptAt, text }: Block): readonly Entry[] {
  return decodeBlock(text, { word, last, keptAt }).entries;
}
