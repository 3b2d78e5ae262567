import { type Entry, keptEntry, sizeOfTexts } from "../log/entry.ts";
import { decodeDrafts } from "./drafts.ts";
import type { ToNode } from "./messages.ts";

/** The events of another node's drafts. Their text is read when somebody asks for more than their places. */
export function passedEntries({ word, first, count, keptAt }: ToNode["passed"], drafts: Buffer): Entry[] {
  const passed = new PassedDrafts(word, first, keptAt, drafts);
  const size = sizeOfTexts(Math.ceil(drafts.length / count));
  return Array.from({ length: count }, (_, i) => new PassedEntry(passed, word, first + i, keptAt, size));
}

/** Drafts that are read once, if at all. */
class PassedDrafts {
  readonly #word: string;
  readonly #first: number;
  readonly #keptAt: number;
  #drafts: Buffer | undefined;
  #entries: readonly Entry[] = [];

  constructor(word: string, first: number, keptAt: number, drafts: Buffer) {
    this.#word = word;
    this.#first = first;
    this.#keptAt = keptAt;
    this.#drafts = drafts;
  }

  at(position: number): Entry {
    if (this.#drafts) {
      this.#entries = decodeDrafts(this.#drafts.toString()).map((draft, i) =>
        keptEntry(draft, this.#word, this.#first + i, this.#keptAt, draft.recipients),
      );
      this.#drafts = undefined;
    }
    const entry = this.#entries[position - this.#first];
    if (!entry) throw new RangeError("fewer drafts were passed on than were announced");
    return entry;
  }
}

class PassedEntry implements Entry {
  readonly word: string;
  readonly position: number;
  readonly keptAt: number;
  /** In memory, roughly. */
  readonly size: number;
  /** A node is to know of these at once, and so is told of them in another way: see appending.ts. */
  readonly retain = false;
  readonly end = false;
  readonly erased = false;
  // Plain fields, not private ones: one is made for each event, and those take longer to make.
  private readonly passed: PassedDrafts;
  private entry: Entry | undefined = undefined;

  constructor(passed: PassedDrafts, word: string, position: number, keptAt: number, size: number) {
    this.passed = passed;
    this.word = word;
    this.position = position;
    this.keptAt = keptAt;
    this.size = size;
  }

  private get read(): Entry {
    this.entry ??= this.passed.at(this.position);
    return this.entry;
  }

  get id(): string {
    return this.read.id;
  }

  get recipients(): number {
    return this.read.recipients;
  }

  get type(): string | undefined {
    return this.read.type;
  }

  get json(): string {
    return this.read.json;
  }

  get text(): boolean {
    return this.read.text;
  }

  get topics(): readonly string[] {
    return this.read.topics;
  }

  get retry(): number | undefined {
    return this.read.retry;
  }

  get private(): boolean {
    return this.read.private;
  }

  get frame(): Uint8Array {
    return this.read.frame;
  }
}
