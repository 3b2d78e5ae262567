import type { CurrentReader, CurrentValue } from "../log/current-values.ts";
import { EndedTopics, type TopicEnd } from "../log/ended-topics.ts";
import { type Draft, type Entry, erasedEntry, keptEntry } from "../log/entry.ts";
import { Lives } from "../log/lives.ts";
import { MirroredValues } from "../log/mirrored-values.ts";
import { RecentEntries } from "../log/recent-entries.ts";
import { FileReader } from "../log/sqlite/file-reader.ts";
import {
  type Awaitable,
  type Batch,
  type Bounds,
  type Follower,
  IdConflict,
  type LogStart,
  type MayRead,
  OutcomeUnknown,
  type Receipt,
  type Refusal,
  type Store,
  type Stretch,
  TopicEnded,
} from "../log/store.ts";
import { parsePlace } from "../protocol/place.ts";
import { decodeBlocks } from "./blocks.ts";
import { encodeDrafts } from "./drafts.ts";
import { type Holdings, Replies, type ToNode } from "./messages.ts";
import { checked, OwnerGone, type OwnerLink, type StoreMessage } from "./owner-link.ts";
import { passedEntries } from "./passed-entries.ts";

/** How much of the newest events a node has itself. Older ones it reads from the file, or from the owner. */
const RECENT: Pick<Bounds, "events" | "bytes"> = { events: 2048, bytes: 8 * 1024 * 1024 };
/** One message has batches of about so many characters, or one. */
const MESSAGE_LENGTH = 1024 * 1024;
/** So many of them may be unanswered. */
const MAX_UNANSWERED = 4;
/** So many events of one id are looked at to find one that the reader may read. */
const MAX_SAME_ID = 1000;

const APPENDED = checked(Replies.append);
const READ = checked(Replies.read);
const LOCATED = checked(Replies.locate);
const ERASED = checked(Replies.erase);
const OPENED = checked(Replies.openTopic);
const CURRENT = checked(Replies.current);
const CLEARED = checked(Replies.clear);
const COPIED = checked(Replies.backup);

export interface RemoteStoreOptions {
  /** How many clients of other nodes an event is for. */
  readonly recipients: (draft: Draft) => number;
}

/** The answer to batches of which all was kept. */
interface OwnReceipts {
  readonly receipts: readonly (readonly Receipt[])[];
}

/** The log of another process, its owner. The newest events are in this one too. */
export class RemoteStore implements Store {
  readonly name: string;
  readonly bounds: Bounds;
  readonly erase?: (position: number) => Promise<boolean>;
  readonly backup?: (path: string) => Promise<void>;
  readonly openTopic?: (topic: string) => Promise<boolean>;
  /** The owner has the same, and refuses what comes after an end. */
  readonly ended: EndedTopics | undefined;
  readonly clearCurrent?: (type: string, topic: string | undefined) => Promise<boolean>;
  readonly #link: OwnerLink;
  readonly #options: RemoteStoreOptions;
  /** Where old events are read, if not from the owner. */
  readonly #file: FileReader | undefined;
  readonly #recent = new RecentEntries();
  readonly #lives: Lives;
  readonly #current: MirroredValues | undefined;
  /** Values that were cleared after events that this node has yet to be told of. */
  #cleared: ToNode["cleared"][] = [];
  /** What the owner tells while this node asks it for the current values. */
  #untold: { message: StoreMessage; body: Buffer }[] | undefined;
  #head: number;
  #holdings: Holdings;
  #follower: Follower | undefined;
  /** Resolves when the head moves, where somebody waits for that. */
  #progress: PromiseWithResolvers<void> | undefined;
  /** Resolves when the owner has said that what this node lacks is gone. */
  readonly lost: Promise<void>;
  readonly #lose: () => void;

  /** The store of a node that has just come: it has asked the owner for the current values. */
  static async open(link: OwnerLink, options: RemoteStoreOptions): Promise<RemoteStore> {
    const store = new RemoteStore(link, options);
    await store.#loadCurrent(store.#head);
    return store;
  }

  private constructor(link: OwnerLink, options: RemoteStoreOptions) {
    const { store, path, erases, backsUp, bounds, head, lives, holdings, ended } = link.start;
    this.#link = link;
    this.#options = options;
    this.name = store;
    this.bounds = {
      events: bounds.events ?? Number.POSITIVE_INFINITY,
      bytes: bounds.bytes ?? Number.POSITIVE_INFINITY,
      age: bounds.age ?? Number.POSITIVE_INFINITY,
    };
    this.#head = head;
    this.#lives = new Lives(lives);
    this.#holdings = holdings;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    this.#lose = resolve;
    if (erases) this.erase = async (position) => (await link.ask({ type: "erase", position }, ERASED)).value;
    if (ended) {
      this.ended = new EndedTopics(ended.most);
      this.ended.add(ended.ends.map(endOf));
      this.openTopic = async (topic) => (await link.ask({ type: "openTopic", topic }, OPENED)).value;
    }
    const { current } = link.start;
    if (current) {
      this.#current = new MirroredValues(current);
      this.clearCurrent = async (of, topic) => {
        const request = { type: "clear", of, ...(topic !== undefined && { topic }) } as const;
        return (await link.ask(request, CLEARED)).value;
      };
    }
    if (backsUp) this.backup = async (path) => void (await link.ask({ type: "backup", path }, COPIED));
    this.#file = path === undefined ? undefined : new FileReader(path);
  }

  get count(): number {
    return this.#holdings.count;
  }

  get bytes(): number {
    return this.#holdings.bytes;
  }

  get earliest(): number | undefined {
    return this.#holdings.earliest;
  }

  get current(): CurrentReader | undefined {
    return this.#current;
  }

  follow(follower: Follower): LogStart {
    this.#follower = follower;
    const start = { head: this.#head, lives: [...this.#lives.all] };
    const { failing } = this.#link.start;
    if (failing !== undefined) follower.failed(new Error(failing));
    // What has come since the start is told when the log knows where that was.
    queueMicrotask(() => this.#link.followStore((message, body) => this.#told(message, body)));
    return start;
  }

  async append(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    const answers: Promise<readonly (readonly Receipt[] | Refusal)[]>[] = [];
    for (const message of messagesOf(batches)) {
      const oldest = answers.at(-MAX_UNANSWERED);
      if (oldest) await oldest.catch(() => {});
      answers.push(this.#appendTogether(message));
    }
    const settled = await Promise.allSettled(answers);
    const failed = settled.find((one) => one.status === "rejected");
    if (!failed) return settled.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const { reason } = failed;
    // Each message is kept or refused as a whole.
    if (settled.length === 1 && !(reason instanceof OwnerGone)) throw reason;
    throw new OutcomeUnknown("some of the events may have been kept", { cause: reason });
  }

  async #appendTogether(batches: readonly Batch[]): Promise<readonly (readonly Receipt[] | Refusal)[]> {
    const { recipients } = this.#options;
    const counted = batches.map(({ drafts, recipients: here }) => ({
      drafts,
      recipients: drafts.map((draft, i) => (here[i] ?? 0) + recipients(draft)),
    }));
    const sizes = batches.map(({ drafts }) => drafts.length);
    const appended = (message: ToNode["appended"]) => this.#appended(message, counted);
    const answers = await this.#link.append(sizes, encodeDrafts(counted), APPENDED, appended);
    if ("receipts" in answers) return answers.receipts;
    return answers.map((batch) => {
      if ("conflict" in batch) return new IdConflict(batch.conflict);
      if ("ended" in batch) return new TopicEnded(batch.ended);
      return batch.map(([position, given, recipients, duplicate]) => ({
        position,
        id: given ?? this.#lives.placeOf(position),
        recipients,
        duplicate,
      }));
    });
  }

  /** The owner trims. */
  trim(): void {
    this.#dropOld();
  }

  async locate(cursor: string, mayRead: MayRead): Promise<number | undefined> {
    const place = parsePlace(cursor);
    const position = place && this.#lives.positionOf(place, this.#head);
    if (position !== undefined) return position + 1 >= this.#first ? position : undefined;
    let after = 0;
    for (let asked = 0; asked < MAX_SAME_ID; asked++) {
      const { value } = await this.#link.ask({ type: "locate", cursor, after }, LOCATED);
      const { position: found } = value;
      if (found === undefined) return undefined;
      if (place || mayRead({ ...value, position: found })) return this.#reached(found);
      // Not by their number: some may go before this node asks again.
      after = found;
    }
    return undefined;
  }

  /** The position, when this node has been told of it: a reader may come from one that heard of it before. */
  async #reached(position: number): Promise<number> {
    while (position > this.#head) {
      this.#progress ??= Promise.withResolvers();
      await this.#progress.promise;
    }
    return position;
  }

  read(after: number, limit: number, topics?: readonly string[]): Awaitable<Stretch> {
    const { earliest } = this.#recent;
    if (after >= this.#head || (earliest && after + 1 >= earliest.position)) {
      const entries = this.#recent.read(after, limit);
      return { entries, upTo: entries.at(-1)?.position ?? after };
    }
    if (!this.#file) return this.#readFromOwner(after, limit, topics);
    // The newest are in memory.
    const end = earliest ? earliest.position - 1 : this.#head;
    return this.#file.read(after, end, limit, topics);
  }

  async #readFromOwner(after: number, limit: number, topics?: readonly string[]): Promise<Stretch> {
    const hint = topics && { topics: [...topics] };
    const { value, lengths, body } = await this.#link.ask({ type: "read", after, limit, ...hint }, READ);
    return { ...value, entries: decodeBlocks({ text: body.toString(), lengths }) };
  }

  close(): void {
    this.#file?.close();
    this.#link.close();
  }

  get #first(): number {
    return this.#holdings.earliest ?? this.#head + 1;
  }

  #told(message: StoreMessage, body: Buffer): void {
    if (this.#untold) {
      this.#untold.push({ message, body });
      return;
    }
    switch (message.type) {
      case "kept":
        this.#kept(decodeBlocks({ text: body.toString(), lengths: message.lengths }), message.holdings);
        return;
      case "appended":
        this.#link.settle(message);
        return;
      case "passed":
        this.#kept(passedEntries(message, body), message.holdings);
        return;
      case "holds":
        this.#hold(message.holdings);
        return;
      case "rolledBack":
        void this.#rolledBack(message.to);
        return;
      case "erased": {
        const entry = this.#recent.at(message.position);
        if (entry) this.#recent.replace(erasedEntry(entry));
        this.#file?.forget();
        this.#current?.erase(message.position);
        this.#follower?.erased?.(message.position);
        return;
      }
      case "ended":
        this.ended?.add(message.ends.map(endOf));
        return;
      case "opened":
        this.ended?.open(message.topic);
        return;
      case "cleared":
        this.#cleared.push(message);
        this.#clear();
        return;
      case "failed":
        this.#follower?.failed(new Error(message.reason));
        return;
      case "works":
        this.#follower?.works();
        return;
      case "lost":
        this.#lose();
    }
  }

  /** All that this node gave to be appended has been kept. */
  #appended({ word, first, keptAt, holdings }: ToNode["appended"], batches: readonly Batch[]): OwnReceipts {
    const entries: Entry[] = [];
    const receipts = batches.map(({ drafts, recipients }) =>
      drafts.map((draft, i) => {
        const entry = keptEntry(draft, word, first + entries.length, keptAt, recipients[i] ?? 0);
        entries.push(entry);
        const { position, id } = entry;
        return { position, id, recipients: entry.recipients, duplicate: false };
      }),
    );
    this.#kept(entries, holdings);
    return { receipts };
  }

  #kept(entries: readonly Entry[], holdings: Holdings): void {
    for (const entry of entries) {
      if (entry.word !== this.#lives.word) this.#lives.begin({ word: entry.word, first: entry.position });
      this.#recent.push(entry);
    }
    this.#head = entries.at(-1)?.position ?? this.#head;
    this.#keepCurrent(entries);
    this.#hold(holdings);
    this.#follower?.kept(entries);
    this.#progress?.resolve();
    this.#progress = undefined;
  }

  #hold(holdings: Holdings): void {
    this.#holdings = holdings;
    this.#dropOld();
    if (holdings.current) this.#current?.dropBefore(holdings.current.first, holdings.current.dropped);
  }

  #keepCurrent(entries: readonly Entry[]): void {
    let rest = entries;
    for (const { at } of this.#cleared) {
      const before = rest.findIndex(({ position }) => position > at);
      if (before < 0) break;
      this.#current?.keep(rest.slice(0, before));
      rest = rest.slice(before);
      this.#clear(at);
    }
    this.#current?.keep(rest);
    this.#clear();
  }

  /** Clears the values that were cleared up to here: what comes later may set them again. */
  #clear(upTo = this.#head): void {
    for (const { of, topic } of this.#cleared.filter(({ at }) => at <= upTo)) this.#current?.clear(of, topic);
    this.#cleared = this.#cleared.filter(({ at }) => at > upTo);
  }

  /** What the lost events replaced is current again: only the owner knows it. */
  async #rolledBack(to: number): Promise<void> {
    this.#untold = [];
    try {
      await this.#loadCurrent(Math.min(this.#head, to));
    } catch {
      // The owner is gone, and this node with it.
    }
    this.#head = Math.min(this.#head, to);
    this.#lives.cutAfter(this.#head);
    this.#recent.dropAfter(to);
    this.ended?.dropAfter(to);
    this.#follower?.rolledBack(to);
    const untold = this.#untold;
    this.#untold = undefined;
    for (const { message, body } of untold) this.#told(message, body);
  }

  /** Asks the owner for the values up to a position. What has replaced one meanwhile is told afterwards. */
  async #loadCurrent(upTo: number): Promise<void> {
    const values: CurrentValue[] = [];
    for (let after = 0; this.#current && after < upTo; ) {
      const { value, lengths, body } = await this.#link.ask({ type: "current", after, upTo }, CURRENT);
      for (const [i, entry] of decodeBlocks({ text: body.toString(), lengths }).entries()) {
        values.push({ entry, topics: value.topics[i] ?? [] });
      }
      after = value.upTo;
    }
    this.#cleared = [];
    this.#current?.load(values);
  }

  #dropOld(): void {
    const recent = this.#recent;
    for (let { earliest } = recent; earliest; earliest = recent.earliest) {
      const within = recent.count <= RECENT.events && recent.bytes <= RECENT.bytes;
      if (within && earliest.position >= this.#first) break;
      recent.shift();
    }
  }
}

/** Batches that go to the owner in one message. */
function* messagesOf(batches: readonly Batch[]): Generator<readonly Batch[], void, void> {
  let message: Batch[] = [];
  let length = 0;
  for (const batch of batches) {
    message.push(batch);
    for (const { json } of batch.drafts) length += json.length;
    if (length < MESSAGE_LENGTH) continue;
    yield message;
    message = [];
    length = 0;
  }
  if (message.length > 0) yield message;
}

function endOf([topic, position, isPrivate]: ToNode["ended"]["ends"][number]): TopicEnd {
  return { topic, position, private: isPrivate };
}
