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

/** What nodes tell each other. */
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

const checkMessage = messageChecker(PeerMessages);

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
  readonly #here = new Map<string, Here>();
  readonly #asking = new Map<number, Asking>();
  readonly #counts = new Map<string, SharedCounts>();
  readonly #spent = new Map<string, Spend>();
  /** What this node has spent since it last told. */
  #spending = new Map<string, Map<string, number>>();
  /** The others, and when each was last heard. */
  readonly #heard = new Map<string, number>();
  readonly #timers: ReturnType<typeof setInterval>[];
  #names: readonly string[] = [];
  #lastId = 0;

  constructor(carrier: Carrier, logger: Logger) {
    this.name = carrier.node;
    this.#carrier = carrier;
    this.#logger = logger;
    this.#timers = [
      setInterval(() => this.#tellCounted(), TELL_INTERVAL_MS),
      setInterval(() => this.#keepLeases(), ALIVE_INTERVAL_MS),
    ];
    for (const timer of this.#timers) timer.unref();
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
    const checkAsked = checker(askedSchema);
    const checkAnswered = checker(answeredSchema);
    this.#here.set(name, (asked) => here(checkAsked(asked)));
    const others = (asked: Static<Asked>, names: readonly string[]) =>
      this.#ask(name, asked, names, checkAnswered);
    return {
      ask: async (asked) => {
        const [answer, rest] = await Promise.all([here(asked), others(asked, this.#others())]);
        return { answers: [{ node: this.name, answer }, ...rest.answers], silent: rest.silent };
      },
      askOne: async (node, asked) => {
        if (!this.#others().includes(node)) return undefined;
        return (await others(asked, [node])).answers[0]?.answer;
      },
    };
  }

  counts(name: string, changed: CountChanged = () => {}): Counts {
    const counts = new SharedCounts(changed);
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

  async #ask<Answered>(
    question: string,
    asked: unknown,
    names: readonly string[],
    check: (value: unknown) => Answered,
  ): Promise<Answers<Answered>> {
    const answers: { node: string; answer: Answered }[] = [];
    const silent = new Set(names);
    if (names.length === 0) return { answers, silent: [] };
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asking.set(id, {
      answered: (node, value) => {
        if (!silent.delete(node)) return;
        try {
          if (value !== undefined) answers.push({ node, answer: check(value) });
        } finally {
          if (silent.size === 0) resolve();
        }
      },
    });
    const deadline = setTimeout(resolve, ANSWER_MS);
    const message: PeerMessage = { type: "ask", id, question, asked };
    if (names.length === this.#others().length) this.#tell(message);
    else for (const name of names) this.#tell(message, name);
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
      this.#logger.error({ node: from, error }, "a message of another node can't be read");
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
      this.#logger.error({ node: from, question, error }, "a question of another node was not answered");
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

  #tell(message: PeerMessage, to?: string): void {
    this.#carrier.tell(JSON.stringify(message), to);
  }
}
