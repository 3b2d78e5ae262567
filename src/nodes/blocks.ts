import { blocksOf, decodeBlock, encodeBlock } from "../log/block.ts";
import type { Entry } from "../log/entry.ts";

/** Events as they go from one process to another: the texts of their blocks, and how long each is. */
export interface Blocks {
  readonly text: string;
  /** In characters. */
  readonly lengths: readonly number[];
}

/** The blocks of events, between which there may be holes. */
export function encodeBlocks(entries: readonly Entry[]): Blocks {
  const lengths: number[] = [];
  let text = "";
  for (const run of runsOf(entries)) {
    for (const block of blocksOf(run)) {
      const encoded = encodeBlock(block);
      lengths.push(encoded.length);
      text += encoded;
    }
  }
  return { text, lengths };
}

/** The events again. @throws DamagedBlock; NewerBlock. */
export function decodeBlocks({ text, lengths }: Blocks): Entry[] {
  const all: Entry[] = [];
  let at = 0;
  for (const length of lengths) {
    const { entries } = decodeBlock(text.slice(at, at + length));
    all.push(...entries);
    at += length;
  }
  return all;
}

/** The same events, in as many lists as there are without a hole. */
function runsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const [first] = entries;
  const last = entries.at(-1);
  if (!first || !last) return [];
  if (last.position - first.position === entries.length - 1) return [entries];
  const runs: Entry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run?.at(-1)?.position === entry.position - 1) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}
