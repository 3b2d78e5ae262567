import { type Draft, type Entry, isNamed, keptEntry, sizeOfTexts, type UnreadDraft } from "../log/entry.ts";
import { placeText } from "../protocol/place.ts";
import { type CountedDraft, decodeDrafts, decodeRecipients } from "./drafts.ts";

/**
 * Drafts as another process sent them. Their text is read when somebody asks for more than their places, which
 * for most nobody does: the owner of the log passes it on as it came, and a node without readers keeps it so.
 */
export class SentDrafts {
  /** As they were sent. */
  readonly body: Buffer;
  readonly count: number;
  /** None has an id, becomes current or ends its topics. */
  readonly isPlain: boolean;
  /** What each takes in memory, roughly. */
  readonly size: number;
  #drafts: readonly CountedDraft[] | undefined;
  #recipients: readonly number[] | undefined;

  constructor(body: Buffer, count: number, isPlain: boolean) {
    this.body = body;
    this.count = count;
    this.isPlain = isPlain;
    this.size = sizeOfTexts(Math.ceil(body.length / count));
  }

  /** How many clients each is for. @throws TypeError, SyntaxError when the text is not of drafts. */
  get recipients(): readonly number[] {
    this.#recipients ??= decodeRecipients(this.body);
    return this.#recipients;
  }

  /** @throws TypeError, SyntaxError when the text is not of as many drafts. */
  at(index: number): CountedDraft {
    this.#drafts ??= decodeDrafts(this.body);
    const draft = this.#drafts[index];
    if (!draft) throw new TypeError("fewer drafts were sent than were announced");
    return draft;
  }

  /** All of them, unread if they are plain: else the log has to look at their ids and flags. */
  all(): Draft[] {
    if (!this.isPlain) return Array.from({ length: this.count }, (_, i) => this.at(i));
    const { recipients } = this;
    if (recipients.length !== this.count) throw new TypeError("other drafts were sent than were announced");
    return Array.from({ length: this.count }, (_, i) => new SentDraft(this, i, recipients[i] ?? 0));
  }

  /** The same when they were kept, one after the other. */
  entries(word: string, first: number, keptAt: number): Entry[] {
    return Array.from({ length: this.count }, (_, i) => new SentEntry(this, i, word, first + i, keptAt));
  }
}

/** Whether an event was kept of a draft that the owner of the log gave to its store. */
export function isOf(entry: Entry | undefined, draft: Draft): boolean {
  if (draft instanceof SentDraft) {
    return entry instanceof SentEntry && entry.sent === draft.sent && entry.index === draft.index;
  }
  // An entry has the list of topics of its draft.
  return entry !== undefined && !(entry instanceof SentEntry) && entry.topics === draft.topics;
}

class SentDraft implements UnreadDraft, CountedDraft {
  readonly id = undefined;
  readonly retain = false;
  readonly end = false;
  // Plain fields here and below, not private ones: one is made for each event, and those take longer to make.
  readonly sent: SentDrafts;
  readonly index: number;
  readonly recipients: number;

  constructor(sent: SentDrafts, index: number, recipients: number) {
    this.sent = sent;
    this.index = index;
    this.recipients = recipients;
  }

  kept(word: string, position: number, keptAt: number): Entry {
    return new SentEntry(this.sent, this.index, word, position, keptAt);
  }

  get type(): string | undefined {
    return this.sent.at(this.index).type;
  }

  get json(): string {
    return this.sent.at(this.index).json;
  }

  get text(): boolean {
    return this.sent.at(this.index).text;
  }

  get topics(): readonly string[] {
    return this.sent.at(this.index).topics;
  }

  get retry(): number | undefined {
    return this.sent.at(this.index).retry;
  }

  get private(): boolean {
    return this.sent.at(this.index).private;
  }
}

class SentEntry implements Entry {
  readonly sent: SentDrafts;
  readonly index: number;
  readonly word: string;
  readonly position: number;
  readonly keptAt: number;
  /** In memory, roughly. */
  readonly size: number;
  /** Nodes are to know of these at once, and so are told of them in another way: see appending.ts. */
  readonly retain = false;
  readonly end = false;
  readonly erased = false;
  private entry: Entry | undefined = undefined;

  constructor(sent: SentDrafts, index: number, word: string, position: number, keptAt: number) {
    this.sent = sent;
    this.index = index;
    this.word = word;
    this.position = position;
    this.keptAt = keptAt;
    this.size = sent.size;
  }

  private get read(): Entry {
    this.entry ??= keptEntry(
      this.sent.at(this.index),
      this.word,
      this.position,
      this.keptAt,
      this.recipients,
    );
    return this.entry;
  }

  get isNamed(): boolean {
    return !this.sent.isPlain && isNamed(this.read);
  }

  get id(): string {
    return this.sent.isPlain ? placeText(this) : this.read.id;
  }

  get recipients(): number {
    return this.sent.recipients[this.index] ?? 0;
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
