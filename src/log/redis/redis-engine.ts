import { NewerBlock } from "../block.ts";
import engine from "./engine.lua" with { type: "text" };
import type {
  Append,
  AppendAnswer,
  Block,
  BlockContent,
  Counts,
  EngineBounds,
  Epoch,
  Hello,
  HelloAnswer,
  NodeSeq,
  PutBack,
  Rewrite,
} from "./engine.ts";
import environment from "./environment.lua" with { type: "text" };
import type { LifeChain, NumberedLife } from "./life-chain.ts";
import { erasureKey } from "./names.ts";

/** No bound, as a number that Lua reads. */
const HUGE = "1e15";

/** Sends one command to Redis, and answers its reply. */
export interface Commands {
  send(command: string, args: readonly string[]): Promise<unknown>;
}

/** Redis answered with something that no version of the scripts says. */
export class UnexpectedReply extends Error {
  override readonly name = "UnexpectedReply";

  constructor(reply: unknown) {
    super(`Redis gave an unexpected reply: ${JSON.stringify(reply)?.slice(0, 200)}`);
  }
}

/** A current value, as Redis holds it. */
export interface StoredValue {
  /** Of its type and topic. See names.ts. */
  readonly key: string;
  readonly word: string;
  /** Its position. */
  readonly last: number;
  readonly keptAt: number;
  /** A block of this event alone; empty when the log has lost it. */
  readonly text: string;
}

/** The end of a topic, as Redis holds it. */
export interface StoredEnd {
  /** Of the topic. See names.ts. */
  readonly key: string;
  /** The position of its last event. */
  readonly position: number;
  /** Whether that event is private. */
  readonly private: boolean;
}

/** The names of the keys of one hub: they share a hash tag, so that they lie together. */
export function keysOf(prefix: string): readonly string[] {
  const names = ["log", "names", "meta", "seqs", "hellos", "current", "sizes", "archive", "ends", "moved"];
  return names.map((name) => `{${prefix}}:${name}`);
}

/** The key of the blocks that have left the stream, and are held. */
export function movedKeyOf(prefix: string): string {
  return `{${prefix}}:moved`;
}

/** The key of what the nodes of one hub tell each other. */
export function controlKeyOf(prefix: string): string {
  return `{${prefix}}:control`;
}

/** The scripts in Redis, as calls. */
export class RedisEngine {
  readonly #keys: readonly string[];
  readonly #script: string;
  #sha: string | undefined;

  /** @param about how the script learns the time and who the master is; tests have their own. */
  constructor(prefix: string, about: string = environment) {
    this.#keys = keysOf(prefix);
    this.#script = `${about}\n${engine}`;
  }

  async hello(commands: Commands, hello: Hello): Promise<HelloAnswer> {
    const { node, newWord, lives, head, low, replid, seqs, insists } = hello;
    const args = [node, newWord, livesText(lives), `${head}`, `${low}`, replid, seqsText(seqs)];
    return helloAnswer(await this.#call(commands, ["hello", ...args, insists ? "1" : "0"]));
  }

  /** Appends; what that leaves to be done, lest one call holds Redis for long, is done by further calls. */
  async append(commands: Commands, append: Append, bounds: EngineBounds): Promise<AppendAnswer> {
    const { node, seq, word, blocks, ends, rewrite } = append;
    const known = ends ? [`${ends.upTo}`, ends.topics] : [HUGE, ""];
    const args = ["append", node, `${seq}`, word, ...known, ...boundsArguments(bounds)];
    args.push(
      `${blocks.length}`,
      ...blocks.flatMap(contentArguments),
      ...blocks.flatMap(idsOf),
      ...rewriteArguments(rewrite),
    );
    let reply = await this.#call(commands, args);
    while (reply[0] === "unnamed") {
      await this.name(commands);
      reply = await this.#call(commands, args);
    }
    const answer = appendAnswer(reply);
    if (answer.result !== "kept") return answer;
    if (reply[10] === "names") await this.name(commands);
    let { counts } = answer;
    for (let more = reply[10] !== ""; more; ) {
      const trimmed = await this.#call(commands, ["trim", ...boundsArguments(bounds)]);
      more = trimmed[0] === "trimmed" && trimmed[9] === "bounds";
      if (trimmed[0] === "trimmed") counts = countsOf(trimmed, 1);
    }
    return { ...answer, counts };
  }

  /** Sees to it that the names of all events are known: an append of many leaves that to calls of their own. */
  async name(commands: Commands): Promise<void> {
    while (integer((await this.#call(commands, ["name"]))[1]) === 1);
  }

  async putBack(commands: Commands, { node, newWord, blocks, rewrite }: PutBack): Promise<HelloAnswer> {
    const args = blocks.flatMap((block) => [
      ...contentArguments(block),
      ...[
        block.word,
        `${block.keptAt}`,
        block.node,
        `${block.seq}`,
        `${block.unitFirst}`,
        `${block.unitLast}`,
      ],
    ]);
    args.push(...rewriteArguments(rewrite));
    return helloAnswer(await this.#call(commands, ["put", node, newWord, ...args]));
  }

  /** The block with the event at a position, also amid a recovery; undefined when there is none. */
  async blockAt(commands: Commands, position: number): Promise<Block | undefined> {
    const entry = await this.#call(commands, ["block", `${position}`]);
    return entry.length === 0 ? undefined : entriesOfReply([entry])[0]?.block;
  }

  /** Lets go of what is past the bounds. Undefined when the log is in a recovery. */
  async trim(commands: Commands, bounds: EngineBounds): Promise<Counts | undefined> {
    const reply = await this.#call(commands, ["trim", ...boundsArguments(bounds)]);
    return reply[0] === "trimmed" ? countsOf(reply, 1) : undefined;
  }

  /**
   * The current values between two positions, oldest first: those of `limit` keys at most, and of all keys of
   * each event. Undefined when the log is in a recovery.
   */
  async values(
    commands: Commands,
    after: number,
    upTo: number,
    limit: number,
  ): Promise<readonly StoredValue[] | undefined> {
    const reply = await this.#call(commands, ["values", `${after}`, `${upTo}`, `${limit}`]);
    if (reply[0] !== "values") return undefined;
    return Array.from({ length: (reply.length - 1) / 5 }, (_, i) => {
      const [key, position, word, keptAt, text] = reply.slice(1 + 5 * i, 6 + 5 * i);
      const place = { last: integer(position), word: String(word), keptAt: integer(keptAt) };
      return { key: String(key), ...place, text: String(text) };
    });
  }

  /**
   * The topics that ended between two positions, oldest first, `limit` at most. Undefined when the log is in a
   * recovery.
   */
  async ends(
    commands: Commands,
    after: number,
    upTo: number,
    limit: number,
  ): Promise<readonly StoredEnd[] | undefined> {
    const reply = await this.#call(commands, ["ends", `${after}`, `${upTo}`, `${limit}`]);
    if (reply[0] !== "ends") return undefined;
    return Array.from({ length: (reply.length - 1) / 3 }, (_, i) => {
      const [key, position, isPrivate] = reply.slice(1 + 3 * i, 4 + 3 * i);
      return { key: String(key), position: integer(position), private: integer(isPrivate) === 1 };
    });
  }

  async #call(commands: Commands, args: readonly string[]): Promise<readonly unknown[]> {
    const rest = [`${this.#keys.length}`, ...this.#keys, ...args];
    const reply = await this.#evaluate(commands, rest);
    if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
    return reply;
  }

  async #evaluate(commands: Commands, rest: readonly string[]): Promise<unknown> {
    this.#sha ??= new Bun.CryptoHasher("sha1").update(this.#script).digest("hex");
    try {
      return await commands.send("EVALSHA", [this.#sha, ...rest]);
    } catch (error) {
      // A server that was restarted, or promoted, does not know the script. It has done nothing.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return commands.send("EVAL", [this.#script, ...rest]);
    }
  }
}

/** All that an entry of the stream has: what a block is, and what its append changed. */
const BLOCK_FIELDS: ReadonlySet<string> = new Set([
  ...["c", "z", "i", "r", "p", "x", "b", "w", "t", "n", "s", "f", "l"],
]);

/** A block as it lies in the stream. */
export interface StreamEntry {
  /** `EPOCH-LAST`. */
  readonly id: string;
  readonly block: Block;
}

/** The entries of a reply to XRANGE, or of one stream in a reply to XREAD. @throws NewerBlock */
export function entriesOfReply(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
  return reply.map((entry) => {
    const [id, fields]: [unknown, unknown] = entry;
    if (typeof id !== "string" || !Array.isArray(fields)) throw new UnexpectedReply(entry);
    const values = new Map<string, string>();
    for (let i = 0; i < fields.length; i += 2) values.set(String(fields[i]), String(fields[i + 1]));
    const unknown = [...values.keys()].filter((name) => !BLOCK_FIELDS.has(name));
    // A node that put it back without them would lose them.
    if (unknown.length > 0)
      throw new NewerBlock(`a block with ${unknown.join(", ")}, written by a later version`);
    const last = integer(id.slice(id.indexOf("-") + 1));
    const text = (name: string): string => {
      const value = values.get(name);
      if (value === undefined) throw new UnexpectedReply(entry);
      return value;
    };
    const number = (name: string): number => integer(text(name));
    const block = {
      ...{ count: number("c"), size: number("z"), names: text("i"), text: text("b") },
      current: values.get("r") ?? erasureText(values.get("x")),
      ...{ word: text("w"), last, keptAt: number("t"), node: text("n"), seq: number("s") },
      ...{ unitFirst: number("f"), unitLast: number("l") },
    };
    return { id, block };
  });
}

/** Blocks that are held, and not in the stream any more: those of a reply to ZRANGE and the like. @throws NewerBlock */
export function movedEntriesOf(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
  return entriesOfReply(
    reply.map((text: string) => {
      const [id, ...fields]: unknown[] = JSON.parse(text);
      return [id, fields];
    }),
  );
}

function erasureText(place: string | undefined): string {
  return place === undefined ? "" : erasureKey(place);
}

function rewriteArguments(rewrite: Rewrite | undefined): string[] {
  return rewrite ? [rewrite.of, rewrite.current, rewrite.text] : [];
}

function contentArguments({ count, size, names, current, text }: BlockContent): string[] {
  return [`${count}`, `${size}`, names, current, text];
}

/** The ids of a block's names. */
function idsOf({ names }: BlockContent): string[] {
  return names === "" ? [] : names.split(" ").map((name) => name.slice(0, name.search(/[.:]/)));
}

function boundsArguments({ events, bytes, age, spare, values, valueBytes, ends }: EngineBounds): string[] {
  const texts = [events, bytes, age].map((bound) => (Number.isFinite(bound) ? `${bound}` : ""));
  const ofValues = [values, valueBytes, ends].map((bound) => (Number.isFinite(bound) ? `${bound}` : HUGE));
  return [texts[0] || HUGE, texts[1] || HUGE, texts[2] ?? "", `${spare}`, ...ofValues];
}

function livesText(lives: LifeChain): string {
  return lives.map(({ number, word, first }) => `${number} ${word} ${first}`).join(";");
}

function seqsText(seqs: readonly NodeSeq[]): string {
  return seqs.map(({ node, seq, last }) => `${node} ${seq} ${last}`).join(";");
}

function helloAnswer(reply: readonly unknown[]): HelloAnswer {
  const state = reply[0];
  if (state === "elsewhere") return { state };
  const lives = records(reply[1]).map(
    ([number, word = "", first]): NumberedLife => ({ number: integer(number), word, first: integer(first) }),
  );
  const head = integer(reply[2]);
  if (state === "hearing" || state === "putting back") return { state, lives, head, end: integer(reply[3]) };
  if (state !== "open") throw new UnexpectedReply(reply);
  const epochs = records(reply[4]).map(
    ([number, after]): Epoch => ({ number: integer(number), after: integer(after) }),
  );
  const seqs = records(reply[6]).map(
    ([node = "", seq, last]): NodeSeq => ({ node, seq: integer(seq), last: integer(last) }),
  );
  const [tail, counts, replid] = [integer(reply[3]), countsOf(reply, 7), String(reply[5])];
  return { state, lives, head, tail, counts, epochs, replid, seqs };
}

function appendAnswer(reply: readonly unknown[]): AppendAnswer {
  const result = reply[0];
  switch (result) {
    case "hello":
    case "stale":
    case "changed":
      return { result };
    case "kept":
      return { result, last: integer(reply[1]), counts: countsOf(reply, 2) };
    case "ended":
      return { result, upTo: integer(reply[1]) };
    case "again":
      return { result, last: integer(reply[1]) };
    case "held": {
      const held = new Map<string, number>();
      for (let i = 1; i < reply.length; i += 2) held.set(String(reply[i]), integer(reply[i + 1]));
      return { result, held };
    }
    default:
      throw new UnexpectedReply(reply);
  }
}

function countsOf(reply: readonly unknown[], from: number): Counts {
  const [first, count, bytes, valueBytes = 0, floor = 0, dropped = 0, endsFloor = 0, endsDropped = 0] = reply
    .slice(from, from + 8)
    .map(integer);
  if (first === undefined || count === undefined || bytes === undefined) throw new UnexpectedReply(reply);
  return { first, count, bytes, valueBytes, floor, dropped, endsFloor, endsDropped };
}

/** The words of each record of `a b c;d e f`. */
function records(text: unknown): string[][] {
  if (typeof text !== "string") throw new UnexpectedReply(text);
  return text === "" ? [] : text.split(";").map((record) => record.split(" "));
}

function integer(value: unknown): number {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) throw new UnexpectedReply(value);
  return number;
}
