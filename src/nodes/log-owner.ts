import { storeLines } from "../broker/store-lines.ts";
import type { CurrentReader, CurrentStretch } from "../log/current-values.ts";
import { endsOf, type TopicEnd } from "../log/ended-topics.ts";
import type { Draft, Entry } from "../log/entry.ts";
import { Log } from "../log/log.ts";
import {
  IdConflict,
  type MayRead,
  type Refusal,
  type Store,
  type StoreFailure,
  type Stretch,
  TopicEnded,
} from "../log/store.ts";
import type { Logger } from "../logger.ts";
import { version } from "../version.ts";
import { type Appending, partsOf } from "./appending.ts";
import { encodeBlocks } from "./blocks.ts";
import { decodeDrafts } from "./drafts.ts";
import { encodeFrame, type Frame } from "./frames.ts";
import type { Line } from "./line.ts";
import {
  type Holdings,
  messageChecker,
  type NodeMessage,
  type OwnerMessage,
  PROTOCOL,
  type Replies,
  ToOwner,
} from "./messages.ts";

/** So much may wait for a node that does not read: then it is behind, and is read to later. In bytes. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** A node for which so much waits takes no part any more: it is ended, and started again. In bytes. */
const MAX_TOLD_BYTES = 64 * 1024 * 1024;
/** Events are told in pieces of about so many characters, or one event. */
const PIECE_LENGTH = 256 * 1024;
/** So many events are read at once for a node that is behind. */
const READ_LIMIT = 256;
/** How often nodes are told how much is held, when no event tells them, in ms. */
const HOLDINGS_INTERVAL_MS = 1000;

/** How often it is looked whether the store has said where the log stands, in ms. */
const START_INTERVAL_MS = 50;

const checkMessage = messageChecker(ToOwner);

export interface LogOwnerOptions {
  readonly store: Store;
  /** The file that the store is in, which nodes may read. */
  readonly path?: string | undefined;
  readonly logger: Logger;
}

/** A node that follows. */
interface Node {
  readonly line: Line;
  /** Undefined until it has said who it is. */
  name: string | undefined;
  /** The position up to which it has been told of all that was kept. */
  told: number;
  /** Too much waited for it: it is told of what comes when it has read the rest. */
  isBehind: boolean;
  isCatchingUp: boolean;
}

/**
 * The process that has the log. Nodes, which are processes of their own, append to it, and are told of
 * all that is kept, in order. It also carries what they tell each other.
 *
 * What has been kept is encoded once for all nodes. One that does not read costs a bounded queue: past
 * that it is read to from the log, as a client would be.
 */
export class LogOwner {
  readonly log: Log;
  readonly #options: LogOwnerOptions;
  readonly #nodes = new Set<Node>();
  /** In the order of their requests. */
  readonly #appending = new Set<Appending<Node>>();
  readonly #holdingsTimer: ReturnType<typeof setInterval>;
  #toldHoldings = "";
  #failing: string | undefined;

  constructor(options: LogOwnerOptions) {
    const { store, logger } = options;
    this.#options = options;
    const lines = storeLines(logger, store.name);
    this.log = new Log(store, {
      recipients: (draft) => recipientsOf(draft),
      deliver: (entries) => this.#deliver(entries),
      // Each node sees it in what it is told next.
      missed() {},
      rolledBack: (to) => this.#rollBack(to),
      erased: (position) => this.#tell({ type: "erased", position }),
      cleared: (of, topic) => {
        this.#tell({ type: "cleared", at: this.log.head, of, ...(topic !== undefined && { topic }) });
      },
      ...lines,
      storeFails: (failure) => {
        lines.storeFails(failure);
        this.#storeFails(failure);
      },
      storeWorks: (outage) => {
        lines.storeWorks(outage);
        this.#storeWorks();
      },
    });
    this.#holdingsTimer = setInterval(() => this.#tellHoldings(), HOLDINGS_INTERVAL_MS);
    this.#holdingsTimer.unref();
  }

  /** Takes a node in, which says at once who it is. */
  accept(line: Line): void {
    const node: Node = { line, name: undefined, told: 0, isBehind: false, isCatchingUp: false };
    this.#nodes.add(node);
    line.listener = {
      arrived: (frame) => this.#arrived(node, frame),
      drained: () => void this.#catchUp(node),
      ended: (error) => this.#ended(node, error),
    };
  }

  /** Waits for what is being appended, then closes the store. */
  async close(): Promise<void> {
    clearInterval(this.#holdingsTimer);
    await this.log.close();
    for (const { line } of this.#nodes) line.end();
  }

  #arrived(node: Node, { message, body }: Frame): void {
    const request: OwnerMessage = checkMessage(message);
    if (request.type === "hello") {
      this.#start(node, request);
      return;
    }
    if (node.name === undefined) throw new TypeError("a node that has not said who it is");
    if (request.type === "tell") {
      this.#tellOthers(node, node.name, request.to, body);
      return;
    }
    void this.#reply(node, request, body);
  }

  #start(node: Node, hello: ToOwner["hello"]): void {
    const { node: name, protocol, version: other } = hello;
    const { store, path, logger } = this.#options;
    if (!this.log.started) {
      // Until the store has been reached, nobody knows where the log stands.
      setTimeout(() => this.#start(node, hello), START_INTERVAL_MS);
      return;
    }
    if (protocol !== PROTOCOL) {
      logger.error({ worker: name, version: other }, "a worker of another version can't follow this log");
    }
    const { bounds } = store;
    node.name = name;
    node.told = this.log.head;
    send(node, {
      type: "start",
      protocol: PROTOCOL,
      version,
      store: store.name,
      ...(path !== undefined && { path }),
      erases: store.erase !== undefined,
      backsUp: store.backup !== undefined,
      ...(store.current && { current: { ...store.current.bounds } }),
      bounds: { events: finite(bounds.events), bytes: finite(bounds.bytes), age: finite(bounds.age) },
      head: this.log.head,
      lives: [...this.log.lives],
      holdings: this.#holdings(),
      ...(store.ended && { ended: { most: store.ended.most, ends: store.ended.all().map(toldEnd) } }),
      ...(this.#failing !== undefined && { failing: this.#failing }),
    });
    this.#tellNames();
  }

  #ended(node: Node, error: unknown): void {
    this.#nodes.delete(node);
    if (error !== undefined) {
      this.#options.logger.error({ worker: node.name, error }, "a worker's messages can't be read");
    }
    this.#tellNames();
  }

  async #reply(node: Node, request: Exclude<OwnerMessage, { type: "hello" | "tell" }>, body: Buffer) {
    const { id } = request;
    try {
      if (request.type === "append") {
        const value = await this.#append(node, request, body);
        if (value) send(node, { type: "reply", id, value });
        return;
      }
      if (request.type === "read") {
        const stretch = cut(await this.log.read(request.after, request.limit, request.topics));
        const { text, lengths } = encodeBlocks(stretch.entries);
        const { upTo, missing } = stretch;
        const value: Replies["read"] = { upTo, ...(missing && { missing }) };
        send(node, { type: "reply", id, value, lengths: [...lengths] }, text);
        return;
      }
      if (request.type === "current") {
        const { values, upTo } = this.#currentValues(request.after, request.upTo);
        const { text, lengths } = encodeBlocks(values.map(({ entry }) => entry));
        const value: Replies["current"] = { upTo, topics: values.map(({ topics }) => [...topics]) };
        send(node, { type: "reply", id, value, lengths: [...lengths] }, text);
        return;
      }
      send(node, { type: "reply", id, value: await this.#valueFor(request) });
    } catch (error) {
      send(node, { type: "reply", id, error: reasonOf(error) });
    }
  }

  async #valueFor(
    request: Exclude<OwnerMessage, { type: "hello" | "tell" | "append" | "read" | "current" }>,
  ): Promise<unknown> {
    switch (request.type) {
      case "locate":
        return this.#locate(request.cursor, request.after);
      case "erase":
        return this.log.erase(request.position);
      case "openTopic":
        return this.#openTopic(request.topic);
      case "clear":
        return this.log.clearCurrent(request.of, request.topic);
      case "backup":
        if (!this.log.store.backup) throw new Error("this store can't be copied while it runs");
        await this.log.store.backup(request.path);
        return null;
    }
  }

  /**
   * All batches were given in one turn, so they are kept together, or the store fails for all of them.
   *
   * @returns the reply; undefined when the node has been told by then that all of it was kept.
   */
  async #append(
    node: Node,
    { id, sizes }: ToOwner["append"],
    body: Buffer,
  ): Promise<Replies["append"] | undefined> {
    const drafts = decodeDrafts(body.toString());
    const appending: Appending<Node> = { node, id, drafts, body, isTold: false };
    this.#appending.add(appending);
    try {
      let at = 0;
      const answers = await Promise.all(
        sizes.map((size) => {
          const batch = drafts.slice(at, at + size);
          at += size;
          return this.log.append(batch).catch(refusalOf);
        }),
      );
      if (appending.isTold) return undefined;
      return answers.map((answer) => {
        if (answer instanceof IdConflict) return { conflict: answer.id };
        if (answer instanceof TopicEnded) return { ended: answer.topic };
        return answer.map(({ position, id, recipients, duplicate }) => {
          const isPlace = id === this.log.place(position);
          return [position, isPlace ? null : id, recipients, duplicate];
        });
      });
    } finally {
      this.#appending.delete(appending);
    }
  }

  async #locate(cursor: string, after: number): Promise<Replies["locate"]> {
    let found: Parameters<MayRead>[0] = { position: 0, topics: [], private: false, erased: false };
    const position = await this.log.locate(cursor, (event) => {
      if (event.position <= after) return false;
      found = event;
      return true;
    });
    return {
      ...(position !== undefined && { position }),
      topics: [...found.topics],
      private: found.private,
      erased: found.erased,
    };
  }

  /** Some of the current values: as many as one message takes. */
  #currentValues(after: number, upTo: number): CurrentStretch {
    const stretch = this.log.store.current?.read(after, upTo, READ_LIMIT) ?? { values: [], upTo };
    const [piece = []] = piecesOf(stretch.values.map(({ entry }) => entry));
    if (piece.length === stretch.values.length) return stretch;
    return { values: stretch.values.slice(0, piece.length), upTo: piece.at(-1)?.position ?? upTo };
  }

  async #openTopic(topic: string): Promise<boolean> {
    const isOpened = await this.log.openTopic(topic);
    // It may have ended again, which nodes have been told by then.
    if (isOpened && !this.log.store.ended?.get(topic)) this.#tell({ type: "opened", topic });
    return isOpened;
  }

  #deliver(entries: readonly Entry[]): void {
    const ends = entries.filter(({ end }) => end).flatMap(endsOf);
    if (ends.length > 0) this.#tell({ type: "ended", ends: ends.map(toldEnd) });
    for (const { entries: part, whole } of partsOf(entries, this.#appending)) {
      if (whole) this.#passOn(part, whole);
      else this.#tellKept(part);
    }
    for (const { line } of this.#nodes) line.flush();
  }

  /** Tells of what a node appended as it was sent: the node itself that it is kept, the others all of it. */
  #passOn(entries: readonly Entry[], appending: Appending<Node>): void {
    const [first] = entries;
    if (!first) return;
    const { word, keptAt, position } = first;
    const places = { word, first: position, keptAt, holdings: this.#holdings() };
    let frame: Uint8Array | undefined;
    for (const node of this.#nodes) {
      if (!this.#follows(node)) continue;
      if (node === appending.node) {
        const message: NodeMessage = { type: "appended", id: appending.id, ...places };
        node.line.add(encodeFrame(message));
        appending.isTold = true;
      } else {
        const message: NodeMessage = { type: "passed", count: entries.length, ...places };
        frame ??= encodeFrame(message, appending.body);
        node.line.add(frame);
      }
      node.told = position + entries.length - 1;
    }
  }

  #tellKept(entries: readonly Entry[]): void {
    for (const piece of piecesOf(entries)) {
      let frame: Uint8Array | undefined;
      for (const node of this.#nodes) {
        if (!this.#follows(node)) continue;
        frame ??= this.#keptFrame(piece);
        node.line.add(frame);
        node.told = piece.at(-1)?.position ?? node.told;
      }
    }
  }

  /** Whether the node is told of what comes. It is behind when too much waits for it. */
  #follows(node: Node): boolean {
    if (node.name === undefined || node.isBehind) return false;
    if (node.line.waiting <= MAX_WAITING_BYTES) return true;
    node.isBehind = true;
    this.#options.logger.warn({ worker: node.name }, "a worker is behind");
    return false;
  }

  #keptFrame(entries: readonly Entry[]): Uint8Array {
    const { text, lengths } = encodeBlocks(entries);
    const holdings = this.#holdings();
    return encodeFrame({ type: "kept", holdings, lengths: [...lengths] } satisfies NodeMessage, text);
  }

  /** Reads to a node that is behind, as fast as it takes it. */
  async #catchUp(node: Node): Promise<void> {
    if (!node.isBehind || node.isCatchingUp) return;
    node.isCatchingUp = true;
    try {
      while (node.isBehind && node.line.waiting < PIECE_LENGTH && this.#nodes.has(node)) {
        const { entries, missing } = cut(await this.log.read(node.told, READ_LIMIT));
        if (missing) {
          send(node, { type: "lost" });
          return;
        }
        if (entries.length > 0) node.line.send(this.#keptFrame(entries));
        node.told = entries.at(-1)?.position ?? node.told;
        if (node.told < this.log.head) continue;
        node.isBehind = false;
        this.#options.logger.info({ worker: node.name }, "a worker is no longer behind");
      }
    } catch (error) {
      // It is tried again when the store works.
      this.#options.logger.error({ worker: node.name, error }, "log not read for a worker");
    } finally {
      node.isCatchingUp = false;
    }
  }

  #rollBack(to: number): void {
    for (const node of this.#nodes) node.told = Math.min(node.told, to);
    this.#tell({ type: "rolledBack", to });
  }

  #storeFails({ cause }: StoreFailure): void {
    this.#failing = reasonOf(cause);
    this.#tell({ type: "failed", reason: this.#failing });
  }

  #storeWorks(): void {
    this.#failing = undefined;
    this.#tell({ type: "works" });
    for (const node of this.#nodes) void this.#catchUp(node);
  }

  #tellHoldings(): void {
    const holdings = this.#holdings();
    const text = JSON.stringify(holdings);
    if (text !== this.#toldHoldings) this.#tell({ type: "holds", holdings });
    this.#toldHoldings = text;
  }

  #holdings(): Holdings {
    const { count, bytes, current } = this.log.store;
    const { earliest, head } = this.log;
    return {
      ...{ count, bytes },
      ...(earliest !== undefined && { earliest }),
      ...(current && { current: { first: firstOf(current) ?? head + 1, dropped: current.dropped } }),
    };
  }

  #tellNames(): void {
    const names = [...this.#nodes].map(({ name }) => name).filter((name) => name !== undefined);
    this.#tell({ type: "nodes", names });
  }

  #tellOthers(sender: Node, from: string, to: string | undefined, body: Buffer): void {
    const frame = encodeFrame({ type: "told", from } satisfies NodeMessage, body);
    for (const node of this.#nodes) {
      if (node === sender || node.name === undefined || (to !== undefined && node.name !== to)) continue;
      this.#send(node, frame);
    }
  }

  #tell(message: NodeMessage): void {
    const frame = encodeFrame(message);
    for (const node of this.#nodes) if (node.name !== undefined) this.#send(node, frame);
  }

  #send(node: Node, frame: Uint8Array): void {
    node.line.send(frame);
    // It would know neither who is connected nor who is to go.
    if (node.line.waiting > MAX_TOLD_BYTES) node.line.end();
  }
}

function send(node: Node, message: NodeMessage, body?: string): void {
  node.line.send(encodeFrame(message, body));
}

/** The position of the oldest event that is current. */
function firstOf(current: CurrentReader): number | undefined {
  return current.read(0, Number.POSITIVE_INFINITY, 1).values[0]?.entry.position;
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof IdConflict || error instanceof TopicEnded) return error;
  throw error;
}

function recipientsOf(draft: Draft): number {
  return "recipients" in draft && typeof draft.recipients === "number" ? draft.recipients : 0;
}

/** Consecutive events in pieces of a bounded length. */
function* piecesOf(entries: readonly Entry[]): Generator<readonly Entry[], void, void> {
  let piece: Entry[] = [];
  let length = 0;
  for (const entry of entries) {
    piece.push(entry);
    length += entry.json.length;
    if (length < PIECE_LENGTH) continue;
    yield piece;
    piece = [];
    length = 0;
  }
  if (piece.length > 0) yield piece;
}

/** As much of a stretch as one message takes. */
function cut(stretch: Stretch): Stretch {
  const [piece] = piecesOf(stretch.entries);
  if (!piece || piece.length === stretch.entries.length) return stretch;
  return { ...stretch, entries: piece, upTo: piece.at(-1)?.position ?? stretch.upTo };
}

function finite(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null;
}

function toldEnd({ topic, position, private: isPrivate }: TopicEnd): [string, number, boolean] {
  return [topic, position, isPrivate];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
