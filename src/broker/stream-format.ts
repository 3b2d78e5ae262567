import { jsonOf, textOf } from "../log/data-text.ts";
import { createEntry, type Draft, type Entry, isNamed } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import {
  DEFAULT_TYPE,
  encodeComment,
  encodeFrame,
  encodeId,
  encodeJsonFrame,
  encodeRetry,
  joinFrames,
  KEEP_ALIVE,
} from "../protocol/frame.ts";
import { type Current, type Gap, HubEvent, type Resumed } from "../protocol/hub-events.ts";
import { TopicPatterns } from "../topics/topic-patterns.ts";
import { beginningOf, hubFrame } from "./hub-frames.ts";

/**
 * How events read on a stream.
 * - `json`: the data as JSON text.
 * - `envelope`: an object with the id, the type, the topics, the time and the data.
 * - `text`: a string as it is, other data as JSON text. The hub's own news is no event.
 * - `mercure`: raw text as it came, other data as JSON text, and nothing from the hub itself. Ids that the hub
 *   gave are fragments, `#word-position`.
 */
export type FormatName = "json" | "envelope" | "text" | "mercure";

/** The form of keep-alives: a comment, or a `tidings.alive` event that a page can see. */
export type KeepAliveForm = "comment" | "event";

/** Makes the bytes of the streams of a subscription. */
export interface StreamFormat {
  /** An event. */
  frameOf(entry: Entry): Uint8Array;
  /** How current values read; undefined where readers are sent none. */
  readonly current: CurrentFormat | undefined;
  /** The first block of a stream: the id of the client, and the place where the stream begins. */
  greeting(clientId: string, log: Log, lastEventId: string | undefined): Uint8Array;
  /** Events are no longer held. */
  gap(gap: Gap): Uint8Array;
  /** The reader has been sent all that it missed. Empty where readers are not told. */
  resumed(resumed: Resumed): Uint8Array;
  /** Moves the cursor of a reader that had no events up to this place. */
  position(place: string): Uint8Array;
  /** Shows that the stream lives. */
  readonly keepAlive: Uint8Array;
}

/** Makes the bytes of current values. */
interface CurrentFormat {
  /** The event without its id, so that it does not move the cursor. */
  valueOf(entry: Entry): Uint8Array;
  /** All current values have been sent. The stream goes on after the place. */
  end(current: Current, place: string): Uint8Array;
}

/** The reconnection time that browsers are told at first, in ms. */
const RETRY_MS = 3000;
const NOTHING = new Uint8Array();
const ALIVE = hubFrame(HubEvent.alive, {});

/** The most memory of frames that are kept for other subscriptions, in bytes. */
const MAX_SHARED_BYTES = 4 * 1024 * 1024;

/** Frames that are the same for many subscriptions, until a delivery is over. */
class SharedFrames {
  readonly #frames = new Map<Entry, Uint8Array>();
  #bytes = 0;

  get(entry: Entry, encode: (entry: Entry) => Uint8Array): Uint8Array {
    const known = this.#frames.get(entry);
    if (known) return known;
    const frame = encode(entry);
    if (this.#bytes + frame.length > MAX_SHARED_BYTES) this.clear();
    this.#frames.set(entry, frame);
    this.#bytes += frame.length;
    return frame;
  }

  clear(): void {
    if (this.#bytes === 0) return;
    this.#frames.clear();
    this.#bytes = 0;
  }
}

function endOfValues(current: Current, place: string): Uint8Array {
  return hubFrame(HubEvent.current, current, { id: place });
}

class JsonFormat implements StreamFormat {
  readonly keepAlive: Uint8Array;
  readonly current: CurrentFormat = {
    valueOf: (entry) => encodeJsonFrame({ event: entry.type, retry: entry.retry, json: jsonOf(entry) }),
    end: endOfValues,
  };

  constructor(keepAlive: KeepAliveForm) {
    this.keepAlive = keepAlive === "event" ? ALIVE : KEEP_ALIVE;
  }

  frameOf(entry: Entry): Uint8Array {
    return entry.frame;
  }

  greeting(clientId: string, log: Log, lastEventId: string | undefined): Uint8Array {
    const data = { client_id: clientId, status: "connected" } as const;
    const frame = joinFrames([encodeRetry(RETRY_MS), hubFrame(HubEvent.connected, data)]);
    const beginning = beginningOf(log, lastEventId);
    // The id replaces the empty line at the end of the frame, and brings one of its own.
    return beginning === undefined ? frame : joinFrames([frame.subarray(0, -1), encodeId(beginning)]);
  }

  gap(gap: Gap): Uint8Array {
    return hubFrame(HubEvent.gap, gap);
  }

  resumed(resumed: Resumed): Uint8Array {
    return hubFrame(HubEvent.resumed, resumed);
  }

  position(place: string): Uint8Array {
    return hubFrame(HubEvent.position, {}, { id: place });
  }
}

class EnvelopeFormat extends JsonFormat {
  readonly #allowed: TopicPatterns | undefined;
  readonly #shared: SharedFrames;

  /**
   * @param allowed the topics that the readers may know of; undefined for all
   * @param shared the frames with all topics
   */
  constructor(keepAlive: KeepAliveForm, allowed: TopicPatterns | undefined, shared: SharedFrames) {
    super(keepAlive);
    this.#allowed = allowed;
    this.#shared = shared;
  }

  override frameOf(entry: Entry): Uint8Array {
    if (!this.#allowed) return this.#shared.get(entry, (one) => envelope(one, one.topics, one.id));
    return envelope(entry, this.#knownOf(entry), entry.id);
  }

  override readonly current: CurrentFormat = {
    valueOf: (entry) => envelope(entry, this.#knownOf(entry), undefined),
    end: endOfValues,
  };

  #knownOf({ topics }: Entry): readonly string[] {
    const allowed = this.#allowed;
    return allowed ? topics.filter((topic) => allowed.hasAny([topic])) : topics;
  }
}

function envelope(entry: Entry, topics: readonly string[], cursor: string | undefined): Uint8Array {
  const { id, type, retry, keptAt } = entry;
  const time = new Date(keptAt).toISOString();
  const about = JSON.stringify({ id, type: type ?? DEFAULT_TYPE, topics, time });
  return encodeJsonFrame({
    id: cursor,
    event: type,
    retry,
    json: `${about.slice(0, -1)},"data":${jsonOf(entry)}}`,
  });
}

/** For protocols that bring their own frames, and for hypermedia. */
class TextFormat implements StreamFormat {
  readonly keepAlive = KEEP_ALIVE;
  readonly current: CurrentFormat = {
    valueOf: (entry) => textFrame(entry, undefined),
    end: (_, place) => encodeId(place),
  };
  readonly #shared: SharedFrames;

  constructor(shared: SharedFrames) {
    this.#shared = shared;
  }

  frameOf(entry: Entry): Uint8Array {
    // Only a string differs from the JSON format.
    if (!entry.json.startsWith('"')) return entry.frame;
    return this.#shared.get(entry, (one) => textFrame(one, one.id));
  }

  greeting(_: string, log: Log, lastEventId: string | undefined): Uint8Array {
    const beginning = beginningOf(log, lastEventId);
    const retry = encodeRetry(RETRY_MS);
    return beginning === undefined ? retry : joinFrames([retry, encodeId(beginning)]);
  }

  gap(gap: Gap): Uint8Array {
    return commentOf(gap);
  }

  resumed(): Uint8Array {
    return NOTHING;
  }

  position(place: string): Uint8Array {
    return encodeId(place);
  }
}

function commentOf({ requested, earliest }: Gap): Uint8Array {
  return encodeComment(`gap: ${JSON.stringify({ requested, earliest })}`);
}

function textFrame({ type, retry, json }: Entry, id: string | undefined): Uint8Array {
  const fields = { id, event: type, retry };
  return json.startsWith('"')
    ? encodeFrame({ ...fields, data: String(JSON.parse(json)) })
    : encodeJsonFrame({ ...fields, json });
}

/** The Mercure protocol, section "Subscription". */
class MercureFormat implements StreamFormat {
  readonly keepAlive = KEEP_ALIVE;
  /** That protocol has none. */
  readonly current = undefined;
  readonly #shared: SharedFrames;

  constructor(shared: SharedFrames) {
    this.#shared = shared;
  }

  frameOf(entry: Entry): Uint8Array {
    return this.#shared.get(entry, (one) => {
      const { id, type, retry } = one;
      // Of this type are subscription events alone, which nobody may forge, native publishers included.
      const event = type === "mercure" ? undefined : type;
      return encodeFrame({ id: isNamed(one) ? id : `#${id}`, event, retry, data: textOf(one) });
    });
  }

  /** Something has to be sent, or the reader would not learn that the stream is open. */
  greeting(_: string, log: Log, lastEventId: string | undefined): Uint8Array {
    if (lastEventId !== undefined) return KEEP_ALIVE;
    return joinFrames([encodeRetry(RETRY_MS), encodeId(`#${log.place(log.head)}`)]);
  }

  /** A reader that comes back has been told by the answer's head: `Mercure-Last-Event-ID`. */
  gap(gap: Gap): Uint8Array {
    return commentOf(gap);
  }

  resumed(): Uint8Array {
    return NOTHING;
  }

  position(place: string): Uint8Array {
    return encodeId(`#${place}`);
  }
}

/** The bytes of an event that is for one client alone. It has no id, since the log does not have it. */
export function frameForOne(draft: Draft, format: FormatName, time: number): Uint8Array {
  const place = { word: "", position: 0, recipients: 1, keptAt: time, erased: false };
  const entry = createEntry({ ...draft, ...place, id: crypto.randomUUID() });
  const { type } = entry;
  if (format === "envelope") return envelope(entry, entry.topics, undefined);
  if (format === "text") return textFrame(entry, undefined);
  if (format === "mercure") return encodeFrame({ event: type, data: textOf(entry) });
  return encodeJsonFrame({ event: type, json: jsonOf(entry) });
}

/** The formats of a broker's subscriptions. */
export class StreamFormats {
  readonly #json = { comment: new JsonFormat("comment"), event: new JsonFormat("event") };
  readonly #envelopes = new SharedFrames();
  readonly #texts = new SharedFrames();
  readonly #text = new TextFormat(this.#texts);
  readonly #updates = new SharedFrames();
  readonly #mercure = new MercureFormat(this.#updates);

  /** @param allowedTopics the topics that readers may know of; undefined for all. */
  get(
    name: FormatName,
    keepAlive: KeepAliveForm,
    allowedTopics: readonly string[] | undefined,
  ): StreamFormat {
    if (name === "json") return this.#json[keepAlive];
    if (name === "text") return this.#text;
    if (name === "mercure") return this.#mercure;
    const allowed = allowedTopics && TopicPatterns.of(allowedTopics);
    return new EnvelopeFormat(keepAlive, allowed, this.#envelopes);
  }

  /** Frees the frames that subscriptions have shared, since they have been written. */
  forget(): void {
    this.#envelopes.clear();
    this.#texts.clear();
    this.#updates.clear();
  }
}
