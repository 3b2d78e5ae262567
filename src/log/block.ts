import { placeText } from "../protocol/place.ts";
import { decodedEntry, type Entry, isNamed } from "./entry.ts";

/**
 * The format in which events are kept and handed from one process to another, as text:
 *
 *     CHECKSUM VERSION
 *     {"word":…,"last":…,"kept_at":…,"node":…,"sequence":…}
 *     [HEAD,…]
 *     the data of each event, a line of JSON each
 *
 * The checksum is XXH64 of all that follows the space after it, in UTF-8, as 16 hexadecimal digits. It
 * stays where it is in all versions, so a newer block is told from a damaged one.
 */
const VERSION = "1";

/** A block is full with this many events… */
const MAX_EVENTS = 100;
/** …or when their texts are as long as this, in characters: whoever looks for one event reads them all. */
const MAX_LENGTH = 16 * 1024;

/** Consecutive events of one life that were kept at one time. */
export interface Block {
  /** The word of their life. */
  readonly word: string;
  /** The position of the last one. */
  readonly last: number;
  /** When they were kept, in milliseconds since 1970. */
  readonly keptAt: number;
  /** The node that appended them and the number of its append, where a log has several nodes. */
  readonly node?: string | undefined;
  readonly sequence?: number | undefined;
  /** At least one, oldest first. */
  readonly entries: readonly Entry[];
}

/** Its id, unless it is its place; type; topics; recipients; {@link FLAGS}; `retry`. */
type Head = readonly [
  id: string | null,
  type: string | null,
  topics: readonly string[],
  recipients: number,
  flags: number,
  retry: number | null,
];

const FLAGS = { private: 1, retain: 2, text: 4, erased: 8, end: 16 } as const;

/** The text is no block, or not the one that was kept. */
export class DamagedBlock extends Error {
  override readonly name = "DamagedBlock";
}

/** The block was written by a later version, which may mean things that this one does not know. */
export class NewerBlock extends Error {
  override readonly name = "NewerBlock";

  /** @param what the block has that this version does not know */
  constructor(what: string) {
    super(`upgrade Tidings here: the log has a block ${what}, which a later version wrote`);
  }
}

/** Puts consecutive events into as few blocks as hold them. */
export function blocksOf(entries: readonly Entry[]): Block[] {
  const blocks: Block[] = [];
  let next: Entry[] = [];
  let length = 0;
  const finish = (): void => {
    const last = next.at(-1);
    if (last) blocks.push({ word: last.word, last: last.position, keptAt: last.keptAt, entries: next });
    next = [];
    length = 0;
  };
  for (const entry of entries) {
    const [first] = next;
    if (first && (first.word !== entry.word || first.keptAt !== entry.keptAt)) finish();
    next.push(entry);
    length += lengthOf(entry);
    if (next.length >= MAX_EVENTS || length >= MAX_LENGTH) finish();
  }
  finish();
  return blocks;
}

function lengthOf({ json, id, topics }: Entry): number {
  let length = json.length + id.length;
  for (const topic of topics) length += topic.length;
  return length;
}

/**
 * The block as text.
 *
 * @throws RangeError when an event's data is not in one line: it could not be read back.
 */
export function encodeBlock({ word, last, keptAt, node, sequence, entries }: Block): string {
  const header = JSON.stringify({ word, last, kept_at: keptAt, node, sequence });
  const heads = JSON.stringify(entries.map(headOf));
  let text = `${VERSION}\n${header}\n${heads}`;
  for (const { json } of entries) {
    if (json.includes("\n")) throw new RangeError("an event's data is JSON in one line");
    text += `\n${json}`;
  }
  return `${checksumOf(text)} ${text}`;
}

function headOf(entry: Entry): Head {
  const { id, type = null, topics, recipients, retry = null } = entry;
  const flags =
    (entry.private ? FLAGS.private : 0) |
    (entry.retain ? FLAGS.retain : 0) |
    (entry.text ? FLAGS.text : 0) |
    (entry.erased ? FLAGS.erased : 0) |
    (entry.end ? FLAGS.end : 0);
  return [isNamed(entry) ? id : null, type, topics, recipients, flags, retry];
}

/**
 * The block that the text is.
 *
 * @param place where and when it was kept, for a text that was written before that was known.
 * @throws DamagedBlock; NewerBlock.
 */
export function decodeBlock(text: string, place?: Pick<Block, "word" | "last" | "keptAt">): Block {
  const body = verifiedBody(text);
  const lines = body.split("\n");
  const [version, headerLine = "", headsLine = ""] = lines;
  if (version !== VERSION) throw new NewerBlock(`of version ${version}`);
  try {
    const header: { word: string; last: number; kept_at: number; node?: string; sequence?: number } =
      JSON.parse(headerLine);
    const heads: readonly Head[] = JSON.parse(headsLine);
    const { node, sequence } = header;
    const { word, last, keptAt } = place ?? { ...header, keptAt: header.kept_at };
    if (heads.length === 0 || lines.length !== heads.length + 3) throw new DamagedBlock("events are lacking");
    const first = last + 1 - heads.length;
    const entries = heads.map((head, i) => entryOf(head, lines[i + 3] ?? "", word, first + i, keptAt));
    return { word, last, keptAt, node, sequence, entries };
  } catch (cause) {
    throw new DamagedBlock("the block can't be read", { cause });
  }
}

/** Whether the text is as it was written. It is not read any further. */
export function isWhole(text: string): boolean {
  return text[16] === " " && checksumOf(text.slice(17)) === text.slice(0, 16);
}

function verifiedBody(text: string): string {
  if (!isWhole(text)) throw new DamagedBlock("the checksum is not the block's");
  return text.slice(17);
}

function checksumOf(text: string): string {
  return Bun.hash.xxHash64(text).toString(16).padStart(16, "0");
}

function entryOf(head: Head, json: string, word: string, position: number, keptAt: number): Entry {
  const [id, type, topics, recipients, flags, retry] = head;
  const data = {
    word,
    position,
    id: id ?? placeText({ word, position }),
    keptAt,
    recipients,
    type: type ?? undefined,
    json,
    text: (flags & FLAGS.text) !== 0,
    topics,
    retry: retry ?? undefined,
    private: (flags & FLAGS.private) !== 0,
    retain: (flags & FLAGS.retain) !== 0,
    end: (flags & FLAGS.end) !== 0,
    erased: (flags & FLAGS.erased) !== 0,
  };
  return decodedEntry(data, id !== null);
}
