import { type Commands, fieldsOf } from "./commands.ts";
import { isReply } from "./connection.ts";

/** The stream holds at least so many entries, if so many were written: minutes of what a few nodes tell each other. */
const MAX_ENTRIES = 4096;
/** While Redis is away a node keeps so many characters of what it has to tell. The oldest goes first. */
const MAX_WAITING = 1024 * 1024;
/** One entry carries no more characters than this, unless one message alone does. */
const MAX_ENTRY = 64 * 1024;

/** An entry of the control stream, as Redis holds it. */
export interface ControlEntry {
  /** By its name: `v`, `n`, `s` and `m`. nodes/redis-carrier.ts says what they mean. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Why entries are gone: the node was silent until newer ones took their place, or Redis was emptied. */
export type Missed = "silent" | "emptied";

/**
 * What the nodes of a hub tell each other through Redis: a short stream beside the log. The session
 * reads both with one XREAD. One entry of a node is under way at a time, so entries keep their order. An
 * entry whose answer was lost is written again under its number: whoever reads it twice knows it by that.
 */
export class ControlStream {
  readonly key: string;
  /** What this node has read. Undefined until it has connected for the first time. */
  cursor: string | undefined;
  /** What each entry of this node has besides its number and messages: its version and name. */
  head: readonly string[] = [];
  /** Is told of each entry, in order. */
  listener: ((entry: ControlEntry) => void) | undefined;
  /** Is told when Redis no longer has entries that this node has not read, and why. */
  missed: ((why: Missed) => void) | undefined;
  /** Is told when Redis begins to refuse entries, and why. */
  refused: ((error: unknown) => void) | undefined;
  readonly #commands: () => Commands;
  #messages: string[] = [];
  #length = 0;
  #number = 0;
  /** The entry that is under way, or whose outcome is not known. */
  #entry: { readonly number: number; readonly text: string } | undefined;
  #writing: Promise<void> | undefined;
  #isRefused = false;

  /** @param commands the connection to Redis. It throws while there is none. */
  constructor(key: string, commands: () => Commands) {
    this.key = key;
    this.#commands = commands;
  }

  /** Writes a message, a JSON text, to the stream, now or when Redis is back. */
  add(message: string): void {
    this.#messages.push(message);
    this.#length += message.length;
    let dropped = 0;
    while (this.#length > MAX_WAITING && dropped < this.#messages.length - 1) {
      this.#length -= this.#messages[dropped++]?.length ?? 0;
    }
    if (dropped > 0) {
      this.#messages.splice(0, dropped);
      // The number that is left out tells the others that they have missed something.
      this.#number++;
    }
    void this.flush();
  }

  /** Writes what waits. It resolves when nothing does, or when Redis can't be written to. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      // What is told within one turn goes out together.
      await Promise.resolve();
      for (let entry = this.#nextEntry(); entry; entry = this.#nextEntry()) {
        const { number, text } = entry;
        const fields = [...this.head, "s", `${number}`, "m", text];
        const args = [this.key, "MAXLEN", "~", `${MAX_ENTRIES}`, "*", ...fields];
        await this.#commands().send("XADD", args);
        this.#entry = undefined;
        this.#isRefused = false;
      }
    } catch (error) {
      // Nobody knows whether it was written, and it is written again.
      if (!isReply(error)) return;
      // Redis has refused it: it was not written. The others know by its number that they missed it.
      this.#entry = undefined;
      if (!this.#isRefused) this.refused?.(error);
      this.#isRefused = true;
    }
  }

  #nextEntry(): { readonly number: number; readonly text: string } | undefined {
    if (this.#entry || this.#messages.length === 0) return this.#entry;
    let count = 0;
    let length = 0;
    while (count < this.#messages.length && (count === 0 || length < MAX_ENTRY)) {
      length += this.#messages[count++]?.length ?? 0;
    }
    const messages = this.#messages.splice(0, count);
    this.#length -= length;
    this.#entry = { number: ++this.#number, text: `[${messages.join(",")}]` };
    return this.#entry;
  }
}

/** Why the oldest entries are gone, by the reply to XINFO STREAM: newer ones take their place in a full stream only. */
export function whyMissed(about: unknown): Missed {
  return Number(fieldsOf(about).get("length")) >= MAX_ENTRIES ? "silent" : "emptied";
}

/** The entries of the stream in a reply to XREAD, as far as it has any. */
export function controlEntriesOf(entries: unknown): readonly { id: string; entry: ControlEntry }[] {
  if (!Array.isArray(entries)) return [];
  return entries.map(([id, fields]: [unknown, unknown]) => {
    const texts = Array.isArray(fields) ? fields.map(String) : [];
    const pairs = Array.from({ length: texts.length >> 1 }, (_, i): [string, string] => [
      texts[2 * i] ?? "",
      texts[2 * i + 1] ?? "",
    ]);
    return { id: String(id), entry: { fields: new Map(pairs) } };
  });
}
