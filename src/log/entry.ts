import { encodeJsonFrame } from "../protocol/frame.ts";
import { placeText } from "../protocol/place.ts";
import { jsonOf } from "./data-text.ts";

/** A checked event, before it has a place in the log. */
export interface Draft {
  /** The id that the publisher chose; undefined: the event's place becomes its id. */
  readonly id: string | undefined;
  /** The event type. Undefined: the event has none, and readers see a `message`. */
  readonly type: string | undefined;
  /** The data as JSON text, in one line, as `JSON.stringify` writes it. */
  readonly json: string;
  /** Whether the data is raw text. Then `json` is the text as a JSON string. */
  readonly text: boolean;
  /** The topics; empty for a broadcast to everyone. */
  readonly topics: readonly string[];
  /** The reconnection time that readers are told, in milliseconds. */
  readonly retry: number | undefined;
  /** Whether only readers who may read the private events of one of its topics get it. */
  readonly private: boolean;
  /** Whether it becomes the current value of its topics. */
  readonly retain: boolean;
  /** Whether it is the last event of its topics. */
  readonly end: boolean;
}

/** On how many topics the event becomes current or ends. It may become current on no topic: that counts too. */
export function lastingTopics({ retain, end, topics }: Pick<Draft, "retain" | "end" | "topics">): number {
  return retain || end ? Math.max(1, topics.length) : 0;
}

/** An event with its place in the log, as plain data. {@link createEntry} makes an {@link Entry} of it. */
export interface EntryData extends Omit<Draft, "id"> {
  /** The word of the life that the position belongs to. */
  readonly word: string;
  /** The position of the event in the log. */
  readonly position: number;
  /** The id that the publisher chose, or else the place of the event. */
  readonly id: string;
  /** When it was kept, in Unix milliseconds. */
  readonly keptAt: number;
  /** The number of clients that it was for when it was published. */
  readonly recipients: number;
  /** Whether its data was erased. Then readers are sent nothing for it. */
  readonly erased: boolean;
}

/** An event with its place in the log. It never changes. */
export interface Entry extends EntryData {
  /** Its bytes on a stream: encoded for the first client, and shared by all. */
  readonly frame: Uint8Array;
}

/** Makes an entry of its data. A store of your own makes its entries with it. */
export function createEntry(data: EntryData): Entry {
  return decodedEntry(data, data.id !== placeText(data));
}

/** Does the same where it is known whether the id is the publisher's. */
export function decodedEntry(data: EntryData, isNamed: boolean): Entry {
  const { word, position, id, keptAt, recipients, erased } = data;
  return new KeptEntry(data, word, position, id, keptAt, recipients, erased, isNamed);
}

/** The entry of a draft that a store has kept at this place. */
export function keptEntry(
  draft: Draft,
  word: string,
  position: number,
  keptAt: number,
  recipients: number,
): Entry {
  const id = draft.id ?? placeText({ word, position });
  return new KeptEntry(draft, word, position, id, keptAt, recipients, false, draft.id !== undefined);
}

/** The entry of an event whose data is erased. Its id and topics stay, so that readers can still resume at it. */
export function erasedEntry(entry: EntryData): Entry {
  const { word, position, id, keptAt, recipients, topics, retain, end } = entry;
  return createEntry({
    word,
    position,
    id,
    keptAt,
    recipients,
    topics,
    private: entry.private,
    retain,
    end,
    type: undefined,
    json: "null",
    text: false,
    retry: undefined,
    erased: true,
  });
}

/** Whether its id is its publisher's: the others are their places. */
export function isNamed(entry: Entry): boolean {
  return entry instanceof KeptEntry ? entry.isNamed : entry.id !== placeText(entry);
}

class KeptEntry implements Entry {
  readonly word: string;
  readonly position: number;
  readonly id: string;
  readonly keptAt: number;
  readonly recipients: number;
  readonly type: string | undefined;
  readonly json: string;
  readonly text: boolean;
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly private: boolean;
  readonly retain: boolean;
  readonly end: boolean;
  readonly erased: boolean;
  readonly isNamed: boolean;
  /** See {@link sizeInMemory}: it is added when the entry comes, and taken off when it goes. */
  readonly size: number;
  // A plain field, not a private one: one entry is made for each event, and those take longer to make.
  private encoded: Uint8Array | undefined = undefined;

  constructor(
    draft: Omit<Draft, "id">,
    word: string,
    position: number,
    id: string,
    keptAt: number,
    recipients: number,
    erased: boolean,
    isNamed: boolean,
  ) {
    this.word = word;
    this.position = position;
    this.id = id;
    this.keptAt = keptAt;
    this.recipients = recipients;
    this.type = draft.type;
    this.json = draft.json;
    this.text = draft.text;
    this.topics = draft.topics;
    this.retry = draft.retry;
    this.private = draft.private;
    this.retain = draft.retain;
    this.end = draft.end;
    this.erased = erased;
    this.isNamed = isNamed;
    this.size = sizeOf(this);
  }

  get frame(): Uint8Array {
    this.encoded ??= encodeJsonFrame({
      id: this.id,
      event: this.type,
      retry: this.retry,
      json: jsonOf(this),
    });
    return this.encoded;
  }
}

/** The objects of an entry besides its texts, in bytes, roughly. */
const ENTRY_BYTES = 256;
/** A topic in a list besides its text, in bytes, roughly. */
const TOPIC_BYTES = 32;

/** What an entry takes in memory, in bytes, to within a small factor. */
export function sizeInMemory(entry: Entry & { readonly size?: number }): number {
  return entry.size ?? sizeOf(entry);
}

function sizeOf({ json, id, type, topics }: EntryData): number {
  let length = json.length + id.length + (type?.length ?? 0);
  for (let i = 0; i < topics.length; i++) length += TOPIC_BYTES + (topics[i]?.length ?? 0);
  return sizeOfTexts(length);
}

/**
 * What an entry with so many characters of text takes. Texts count twice: the data and the id are held as
 * text and in the frame, and a text outside of Latin-1 takes two bytes a character.
 */
export function sizeOfTexts(length: number): number {
  return ENTRY_BYTES + 2 * length;
}
