import { Changes } from "./changes.ts";
import { COMMAND_DEADLINE_MS, type Connection } from "./connection.ts";
import { type ControlStream, controlEntriesOf, whyMissed } from "./control-stream.ts";
import type { Epoch } from "./engine.ts";
import type { Unit } from "./held-units.ts";
import type { Member } from "./member.ts";
import { ReadCount } from "./read-count.ts";
import { entriesOfReply, ForeignEntry, movedEntriesOf, type StreamEntry } from "./stream-entries.ts";

/** How long Redis keeps a question for new events before it answers that there are none. */
const BLOCK_MS = 2000;
const MAX_BLOCKS = 32;
const BEGINNING = "0-0";
/** Redis lets go of a hundred entries of the control stream at once: they were written in more time than this, in ms. */
const HUNDRED_ENTRIES_MS = 100;
/** While blocks come fast, a node that appends nothing reads so often, in ms: a read costs as much for one as for many. */
const READ_EVERY_MS = 4;

export interface FollowingOptions {
  /** The key of the stream. */
  readonly log: string;
  /** The key of the blocks that have left it, and are held. */
  readonly moved: string;
  readonly member: Member;
  /** What nodes tell each other, which is read along with the log. */
  readonly control: ControlStream;
  readonly took: (units: readonly Unit[]) => void;
  /** Says hello: the stream has brought something of a life that the member does not know. */
  readonly hello: () => Promise<void>;
  readonly warn: (message: string) => void;
}

/** Follows the stream; the only way in which events come to this node. */
export class Following {
  readonly #options: FollowingOptions;
  readonly #begun = new Changes();
  readonly #hurried = new Changes();
  readonly #count = new ReadCount(MAX_BLOCKS);
  #cursor: string | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  /** The member has come into another life: goes on where it stands there. */
  reset(epochs: readonly Epoch[]): void {
    const { head } = this.#options.member;
    const epoch = epochs.findLast(({ after }) => after <= head) ?? epochs[0];
    this.#cursor = `${epoch?.number ?? 0}-${head}`;
    this.#begun.tell();
  }

  /** The node is about to append, and waits for what comes of that. */
  hurry(): void {
    this.#hurried.tell();
  }

  /** Finds out whether it can read, and takes nothing. @throws what Redis answers when it can't. */
  async tryToRead(commands: Connection): Promise<void> {
    const { log, control } = this.#options;
    await commands.send("XREAD", ["COUNT", "1", "STREAMS", log, control.key, "$", "$"]);
  }

  /** Goes on until the connection is closed. */
  async run(tail: Connection): Promise<void> {
    const { log, control, warn, hello } = this.#options;
    while (tail.isOpen) {
      if (this.#cursor === undefined) {
        await Promise.race([this.#begun.next(), tail.failed]);
        continue;
      }
      const count = this.#count.next;
      const args = ["COUNT", `${count}`, "BLOCK", `${BLOCK_MS}`, "STREAMS", log, control.key];
      args.push(this.#cursor, control.cursor ?? BEGINNING);
      const reply = await tail.send("XREAD", args, BLOCK_MS + COMMAND_DEADLINE_MS);
      if (reply === null) continue;
      const told = controlEntriesOf(entriesOfStream(reply, control.key));
      if (await this.#hasMissed(tail, told[0]?.id)) {
        control.missed?.(whyMissed(await tail.send("XINFO", ["STREAM", control.key])));
      }
      for (const { id, entry } of told) {
        control.cursor = id;
        control.listener?.(entry);
      }
      try {
        const entries = entriesOfReply(entriesOfStream(reply, log));
        this.#count.read(entries.map(({ block }) => block));
        await this.#take(tail, entries);
        if (entries.length < count) await this.#pause();
      } catch (error) {
        if (!(error instanceof ForeignEntry)) throw error;
        warn(error.message);
        await hello();
      }
    }
  }

  /** Lets more come when this came soon after what was read before. */
  async #pause(): Promise<void> {
    const now = performance.now();
    const isFast = now - this.#readAt < 2 * READ_EVERY_MS;
    this.#readAt = now;
    if (isFast && !this.#options.member.pending) await this.#hurried.next(READ_EVERY_MS);
  }

  /** Whether Redis no longer has what nodes told each other between what was read last and this entry. */
  async #hasMissed(tail: Connection, next: string | undefined): Promise<boolean> {
    const { key, cursor = BEGINNING } = this.#options.control;
    if (next === undefined || cursor === BEGINNING || timeOf(next) - timeOf(cursor) < HUNDRED_ENTRIES_MS)
      return false;
    const [oldest] = controlEntriesOf(await tail.send("XRANGE", [key, "-", "+", "COUNT", "1"]));
    return oldest !== undefined && compareIds(oldest.id, next) >= 0;
  }

  async #take(tail: Connection, entries: readonly StreamEntry[]): Promise<void> {
    const { member, took, hello } = this.#options;
    let units: Unit[] = [];
    const tell = (): void => {
      if (units.length > 0) took(units);
      units = [];
    };
    for (const entry of entries) {
      const lacking = member.lacksBefore(entry.block);
      let next: readonly StreamEntry[] = [entry];
      if (lacking) {
        tell();
        const { word } = member;
        const moved = await this.#moved(tail, lacking);
        if (word !== member.word) return;
        next = moved.length < MAX_BLOCKS ? [...moved, entry] : moved;
      }
      for (const { id, block } of next) {
        const told = member.follow(block);
        if (told === "hello") {
          tell();
          await hello();
          return;
        }
        this.#cursor = id;
        units.push(...told);
      }
      // There may be more before the entry, which comes again.
      if (next.at(-1) !== entry) break;
    }
    tell();
  }

  /** The oldest blocks that have left the stream and end between two positions. */
  async #moved(
    tail: Connection,
    { from, to }: { from: number; to: number },
  ): Promise<readonly StreamEntry[]> {
    const args = [this.#options.moved, `${from}`, `${to}`, "LIMIT", "0", `${MAX_BLOCKS}`];
    return movedEntriesOf(await tail.send("ZRANGEBYSCORE", args));
  }
}

/** When an entry was written, in ms. */
function timeOf(id: string): number {
  return Number(id.slice(0, id.indexOf("-")));
}

/** Below 0 when the first of them was written before the second. */
function compareIds(a: string, b: string): number {
  const sequenceOf = (id: string): number => Number(id.slice(id.indexOf("-") + 1));
  return timeOf(a) - timeOf(b) || sequenceOf(a) - sequenceOf(b);
}

/** The entries of one stream in the reply to XREAD: a map in RESP3, a list in RESP2. */
function entriesOfStream(reply: unknown, key: string): unknown {
  if (!Array.isArray(reply)) return Object(reply)[key] ?? [];
  return reply.find((stream: unknown) => Array.isArray(stream) && stream[0] === key)?.[1] ?? [];
}
