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
  return reply.map((entry) => {
    const [id, fields]: [unknown, unknown] = entry;
    if (typeof id !== "string" || !Array.isArray(fields)) throw new UnexpectedReply(entry);
    const values = new Map<string, string>();
    for (let i = 0; i < fields.length; i += 2) values.set(String(fields[i]), String(fields[i + 1]));
    if (!FIELDS.every((name) => values.has(name))) throw new ForeignEntry(id);
    const unknown = [...values.keys()].filter((name) => !KNOWN.has(name));
    // A node that put it back without them would lose them.
    if (unknown.length > 0)
      throw new NewerBlock(`a block with ${unknown.join(", ")}, written by a later version`);
    const last = integer(id.slice(id.indexOf("-") + 1));
    const text = (name: string): string => values.get(name) ?? "";
    const number = (name: string): number => integer(text(name));
    const block = {
      ...{ count: number("c"), size: number("z"), names: text("i"), text: text("b") },
      current: values.get("r") ?? erasureText(values.get("x")),
      ...{ word: text("w"), last, keptAt: number("t"), node: text("n"), seq: number("s") },
      ...{ unitFirst: number("f"), unitLast: number("l") },
    };
    return { id, block };
  });
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
