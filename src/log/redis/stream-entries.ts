import { NewerBlock } from "../block.ts";
import { integer, UnexpectedReply } from "./commands.ts";
import type { Block } from "./engine.ts";
import { erasureKey } from "./names.ts";

/** What each entry of the stream has: a block, and what its append changed; and what some have besides. */
const FIELDS = ["c", "z", "i", "b", "w", "t", "n", "s", "f", "l"];
const KNOWN: ReadonlySet<string> = new Set([...FIELDS, "r", "p", "x"]);

/** Somebody has written an entry to the stream by hand. The next hello removes it. */
export class ForeignEntry extends Error {
  override readonly name = "ForeignEntry";

  constructor(id: string) {
    super(`somebody has written to the log in Redis: ${id} is no entry of a hub, and is removed`);
  }
}

/** A block as it lies in the stream. */
export interface StreamEntry {
  /** `EPOCH-LAST`. */
  readonly id: string;
  readonly block: Block;
}

/** The entries of a reply to XRANGE, or of one stream in a reply to XREAD. @throws NewerBlock; ForeignEntry */
export function entriesOfReply(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
  return reply.map(streamEntryOf);
}

function streamEntryOf(entry: unknown): StreamEntry {
  const [id, fields]: readonly unknown[] = Array.isArray(entry) ? entry : [];
  if (typeof id !== "string" || !Array.isArray(fields)) throw new UnexpectedReply(entry);
  // Each node does this for each block, and a Map takes three times as long.
  const values: Record<string, string | undefined> = Object.create(null);
  const unknown: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = String(fields[i]);
    values[name] = String(fields[i + 1]);
    if (!KNOWN.has(name)) unknown.push(name);
  }
  if (!FIELDS.every((name) => values[name] !== undefined)) throw new ForeignEntry(id);
  // A node that put it back without them would lose them.
  if (unknown.length > 0) throw new NewerBlock(`with ${unknown.join(", ")}`);
  const { c, z, i = "", b = "", w = "", t, n = "", s, f, l, r, x } = values;
  const block = {
    count: integer(c),
    size: integer(z),
    names: i,
    current: r ?? erasureText(x),
    text: b,
    word: w,
    last: integer(id.slice(id.indexOf("-") + 1)),
    keptAt: integer(t),
    node: n,
    seq: integer(s),
    unitFirst: integer(f),
    unitLast: integer(l),
  };
  return { id, block };
}

/** Blocks that are held, and not in the stream any more: those of a reply to ZRANGE and the like. @throws NewerBlock */
export function movedEntriesOf(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
  return entriesOfReply(
    reply.map((text: string) => {
      const [id, ...fields]: unknown[] = JSON.parse(text);
      return [id, fields];
    }),
  );
}

function erasureText(place: string | undefined): string {
  return place === undefined ? "" : erasureKey(place);
}
