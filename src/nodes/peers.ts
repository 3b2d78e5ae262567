import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { Awaitable } from "../log/store.ts";
import type { Logger } from "../logger.ts";
import type { Carrier } from "./carrier.ts";
import { SharedCounts } from "./counts.ts";
import { checker, messageChecker } from "./messages.ts";
import type { Answers, CountChanged, Counts, Nodes, Question, Spend } from "./nodes.ts";

/** How long a node may take to answer, in ms. */
const ANSWER_MS = 1000;
/** How often a node tells what it has counted, in ms. */
const TELL_INTERVAL_MS = 100;
/** How often a node says that it is there, in ms. */
const ALIVE_INTERVAL_MS = 3000;
/** What a node counted holds for so long after its last word, in ms. */
const LEASE_MS = 10_000;

const Entries = Type.Array(Type.Tuple([Type.String(), Type.Number()]));
const Table = Type.Record(Type.String(), Entries);

/** So many different things are said in the log of messages that can't be read. */
const MAX_SAID = 100;

/**
 * What nodes tell each other. Nodes of two versions may be one hub, so a message has no members that another
 * version may not know: what is new is a message of a new type, or a question of a new name. One that has is
 * passed over. Answers may have more.
 */
const PeerMessages = {
  /** The sender is there, and asks for all that the others have counted. */
  hello: Type.Object({ type: Type.Literal("hello") }),
  alive: Type.Object({ type: Type.Literal("alive") }),
  /** What it has counted since the last time, or all of it. */
  counted: Type.Object({ type: Type.Literal("counted"), all: Type.Boolean(), tables: Table }),
  spent: Type.Object({ type: Type.Literal("spent"), amounts: Table }),
  ask: Type.Object({
    type: Type.Literal("ask"),
    id: Type.Integer(),
    question: Type.String(),
    asked: Type.Unknown(),
  }),
  answer: Type.Object({
    type: Type.Literal("answer"),
    id: Type.Integer(),
    answered: Type.Optional(Type.Unknown()),
    failed: Type.Optional(Type.String()),
  }),
} as const;
type PeerMessages = { [Name in keyof typeof PeerMessages]: Static<(typeof PeerMessages)[Name]> };
type PeerMessage = PeerMessages[keyof PeerMessages];

const checkMessage = messageChecker(PeerMessages, { exact: true });

/** A question that waits for answers. */
interface Asking {
  readonly answered: (from: string, value: unknown) => void;
}

/** What this node answers. */
type Here = (asked: unknown) => Awaitable<unknown>;

/** A node among others. */
export class Peers implements Nodes {
  readonly name: string;
  readonly #carrier: Carrier;
  readonly #logger: Logger;
  readonly #servesHere: (name: string) => boolean;
  readonly #here = new Map<string, Here>();
  readonly #asking = new Map<number, Asking>();
  readonly #counts = new Map<string, SharedCounts>();
  readonly #spent = new Map<string, Spend>();
  /** What this node has spent since it last told. */
  #spending = new Map<string, Map<string, number>>();
  /** The others, and when each was last heard. */
  readonly #heard = new Map<string, number>();
  readonly #timers: ReturnType<typeof setInterval>[];
  /** What was said in the log of messages that can't be read. */
  readonly #said = new Set<string>();
  #names: readonly string[] = [];
  #lastId = 0;

  /** @param servesHere whether the node of that name serves at this one's address. All do by default. */
  constructor(carrier: Carrier, logger: Logger, servesHere: (name: string) => boolean = () => true) {
    this.name = carrier.node;
    this.#servesHere = servesHere;
    this.#carrier = carrier;
    this.#logger = logger;
    this.#timers = [
      setInterval(() => this.#tellCounted(), TELL_INTERVAL_MS),
      setInterval(() => this.#keepLeases(), ALIVE_INTERVAL_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  get count(): number {
    return Math.max(1, this.#names.length);
  }

  /** Begins to listen to the others. All that they may ask and count has been named by then. */
  join(): void {
    this.#carrier.follow({
      told: (from, text) => this.#told(from, text),
      nodesChanged: (names) => this.#nodesChanged(names),
    });
    this.#tell({ type: "hello" });
  }

  leave(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  question<Asked extends TSchema, Answered extends TSchema>(
    name: string,
    { asked: askedSchema, answered: answeredSchema }: { readonly asked: Asked; readonly answered: Answered },
    here: (asked: Static<Asked>) => Awaitable<Static<Answered>>,
  ): Question<Static<Asked>, Static<Answered>> {
    const checkAsked = checker(askedSchema, { exact: true });
    const checkAnswered = checker(answeredSchema);
    this.#here.set(name, (asked) => here(checkAsked(asked)));
    const others = (asked: Static<Asked>, chosen?: readonly string[]) =>
      this.#ask(name, asked, chosen, checkAnswered);
    const ask = async (asked: Static<Asked>, chosen?: readonly string[]) => {
      const [answer, rest] = await Promise.all([here(asked), others(asked, chosen)]);
      return { answers: [{ node: this.name, answer }, ...rest.answers], silent: rest.silent };
    };
    return {
      ask: (asked) => ask(asked),
      askHere: (asked) => ask(asked, this.#others().filter(this.#servesHere)),
      askOne: (node, asked) => others(asked, this.#others().includes(node) ? [node] : []),
    };
  }

  counts(name: string, changed: CountChanged = () => {}): Counts {
    const counts = new SharedCounts((...change) => {
      try {
        changed(...change);
      } catch (error) {
        this.#sayOnce({ counts: name }, error, "another node counts what this one does not know");
      }
    });
    this.#counts.set(name, counts);
    return counts;
  }

  spending(name: string, spent: Spend): Spend {
    this.#spent.set(name, spent);
    return (key, amount) => {
      const amounts = this.#spending.get(name) ?? new Map<string, number>();
      this.#spending.set(name, amounts);
      amounts.set(key, (amounts.get(key) ?? 0) + amount);
    };
  }

  #others(): readonly string[] {
    return this.#names.filter((name) => name !== this.name);
  }

  /** Asks the chosen ones of the others, or all. */
  async #ask<Answered>(
    question: string,
    asked: unknown,
    chosen: readonly string[] | undefined,
    check: (value: unknown) => Answered,
  ): Promise<Answers<Answered>> {
    const answers: { node: string; answer: Answered }[] = [];
    const names = chosen ?? this.#others();
    const silent = new Set(names);
    const waiting = new Set(names);
    const id = ++this.#lastId;
    // All: also those that have been silent for so long that they are not known now, and may be back.
    const message: PeerMessage = { type: "ask", id, question, asked };
    if (!chosen) this.#tell(message);
    else for (const name of names) this.#tell(message, name);
    if (names.length === 0) return { answers, silent: [] };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asking.set(id, {
      answered: (node, value) => {
        if (!waiting.delete(node)) return;
        if (waiting.size === 0) resolve();
        if (value === undefined) return;
        try {
          answers.push({ node, answer: check(value) });
          silent.delete(node);
        } catch (error) {
          this.#sayOnce({ node }, error, "an answer of another node can't be read");
        }
      },
    });
    const deadline = setTimeout(resolve, ANSWER_MS);
    await promise;
    clearTimeout(deadline);
    this.#asking.delete(id);
    answers.sort((a, b) => a.node.localeCompare(b.node, undefined, { numeric: true }));
    return { answers, silent: [...silent] };
  }

  #told(from: string, text: string): void {
    let message: PeerMessage;
    try {
      message = checkMessage(JSON.parse(text));
    } catch (error) {
      this.#sayOnce({ node: from }, error, "a message of another node can't be read: it is passed over");
      return;
    }
    const isAll = message.type === "counted" && message.all;
    if (isAll || this.#heard.has(from)) this.#heard.set(from, performance.now());
    // It is new, or its lease had ended: what it has counted is asked for.
    else if (message.type === "alive" || message.type === "counted") {
      this.#tell({ type: "hello" }, from);
      return;
    }
    switch (message.type) {
      case "hello":
        this.#tellAll(from);
        return;
      case "counted":
        for (const [name, entries] of Object.entries(message.tables)) {
          this.#counts.get(name)?.heard(from, entries, message.all);
        }
        return;
      case "spent":
        for (const [name, amounts] of Object.entries(message.amounts)) {
          const spent = this.#spent.get(name);
          for (const [key, amount] of amounts) spent?.(key, amount);
        }
        return;
      case "ask":
        void this.#answer(from, message);
        return;
      case "answer":
        this.#asking.get(message.id)?.answered(from, message.answered);
    }
  }

  async #answer(from: string, { id, question, asked }: PeerMessages["ask"]): Promise<void> {
    try {
      const here = this.#here.get(question);
      if (!here) throw new Error(`nobody here knows the question ${question}`);
      this.#tell({ type: "answer", id, answered: await here(asked) }, from);
    } catch (error) {
      this.#sayOnce({ node: from, question }, error, "a question of another node was not answered");
      this.#tell({ type: "answer", id, failed: String(error) }, from);
    }
  }

  #tellAll(to: string): void {
    // What has yet to be told as a change would be counted twice.
    this.#tellCounted();
    const tables = Object.fromEntries(Array.from(this.#counts, ([name, counts]) => [name, counts.own()]));
    this.#tell({ type: "counted", all: true, tables }, to);
  }

  #tellCounted(): void {
    const tables: Record<string, [string, number][]> = {};
    for (const [name, counts] of this.#counts) {
      const changes = counts.takeChanges();
      if (changes.length > 0) tables[name] = changes;
    }
    if (Object.keys(tables).length > 0) this.#tell({ type: "counted", all: false, tables });
    if (this.#spending.size === 0) return;
    const amounts = Object.fromEntries(Array.from(this.#spending, ([name, spent]) => [name, [...spent]]));
    this.#spending = new Map();
    this.#tell({ type: "spent", amounts });
  }

  #keepLeases(): void {
    this.#tell({ type: "alive" });
    const latest = performance.now() - LEASE_MS;
    for (const [name, heard] of this.#heard) if (heard < latest) this.#forget(name);
  }

  #nodesChanged(names: readonly string[]): void {
    this.#names = names;
    for (const name of this.#heard.keys()) if (!names.includes(name)) this.#forget(name);
  }

  #forget(name: string): void {
    const now = performance.now();
    const silentFor = now - (this.#heard.get(name) ?? now);
    this.#heard.delete(name);
    for (const counts of this.#counts.values()) counts.forget(name, silentFor);
  }

  /** Nodes of another version may say it many times a second. */
  #sayOnce(fields: object, error: unknown, message: string): void {
    const kind = `${message} ${error}`;
    if (this.#said.has(kind) || this.#said.size >= MAX_SAID) return;
    this.#said.add(kind);
    this.#logger.error({ ...fields, error }, message);
  }

  #tell(message: PeerMessage, to?: string): void {
    this.#carrier.tell(JSON.stringify(message), to);
  }
}
