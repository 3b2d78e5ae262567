import {
  appendAnswer,
  countsOf,
  endsAnswer,
  helloAnswer,
  type StoredEnd,
  type StoredValue,
  valuesAnswer,
} from "./call-answers.ts";
import {
  appendArguments,
  boundsArguments,
  eraseArguments,
  helloArguments,
  lookUpArguments,
  namesOf,
  putBackArguments,
} from "./call-arguments.ts";
import { type Commands, integer, UnexpectedReply } from "./commands.ts";
import type {
  Append,
  AppendAnswer,
  Block,
  Counts,
  EngineBounds,
  Hello,
  HelloAnswer,
  PutBack,
} from "./engine.ts";
import { keysOf } from "./keys.ts";
import { type Operation, scriptOf } from "./scripts.ts";
import { entriesOfReply } from "./stream-entries.ts";

/** So often an append's names are looked up before it, lest others that come meanwhile delay it for ever. */
const LOOK_UPS = 3;

/** A call failed that comes before the one that keeps an append, so nothing was kept. `cause` is its error. */
export class NothingKept extends Error {
  override readonly name = "NothingKept";

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The scripts in Redis, as calls. */
export class RedisEngine {
  readonly #keys: readonly string[];
  readonly #about: string | undefined;
  readonly #namesACall: number;
  /** The digests of the scripts that it has called: Redis knows a script by its own. */
  readonly #digests = new Map<Operation, string>();

  /**
   * @param about how the scripts learn the time and who the master is; tests have their own.
   * @param namesACall how many names one call looks up.
   */
  constructor(prefix: string, about?: string, namesACall = 1000) {
    this.#keys = keysOf(prefix);
    this.#about = about;
    this.#namesACall = namesACall;
  }

  async hello(commands: Commands, hello: Hello): Promise<HelloAnswer> {
    const args = helloArguments(hello);
    let reply = await this.#call(commands, "hello", args);
    // What somebody has written to the stream by hand is removed a part at a time: Redis does other things meanwhile.
    while (reply[0] === "foreign") reply = await this.#call(commands, "hello", args);
    return helloAnswer(reply);
  }

  /**
   * Appends. Lest one call holds Redis for long, calls before it look up many names, and calls after it do what it
   * leaves to be done.
   *
   * @throws NothingKept; what Redis or the connection says of the call that keeps it.
   */
  async append(commands: Commands, append: Append, bounds: EngineBounds): Promise<AppendAnswer> {
    let reply = await this.#tryAppend(commands, append, bounds, true);
    for (let tries = 1; reply[0] === "unnamed" || reply[0] === "look up"; tries++) {
      if (reply[0] === "unnamed") await this.name(commands).catch(nothingKept);
      reply = await this.#tryAppend(commands, append, bounds, tries < LOOK_UPS);
    }
    const answer = appendAnswer(reply);
    if (answer.result !== "kept") return answer;
    // It is kept, whatever becomes of the rest. What fails there fails in the next call, too.
    const counts = await this.#finish(commands, bounds, reply[2]).catch(() => undefined);
    return { ...answer, counts: counts ?? answer.counts };
  }

  /** Does what an append has left. Undefined when that was nothing that changes the counts. */
  async #finish(commands: Commands, bounds: EngineBounds, left: unknown): Promise<Counts | undefined> {
    if (left === "names") await this.name(commands);
    let counts: Counts | undefined;
    for (let more = left !== ""; more; ) {
      const trimmed = await this.#call(commands, "trim", boundsArguments(bounds));
      more = trimmed[0] === "trimmed" && trimmed[1] === "bounds";
      if (trimmed[0] === "trimmed") counts = countsOf(trimmed, 2);
    }
    return counts;
  }

  /**
   * One call that appends, after those that look up its names when these are many.
   *
   * @param looksUpBefore false: that call looks up all of them, however long this takes.
   */
  async #tryAppend(
    commands: Commands,
    append: Append,
    bounds: EngineBounds,
    looksUpBefore: boolean,
  ): Promise<readonly unknown[]> {
    if (append.rewrite) return this.#call(commands, "erase", eraseArguments(append, append.rewrite, bounds));
    const names = looksUpBefore ? append.blocks.flatMap(namesOf) : [];
    let lookedUp: number | undefined;
    for (let i = 0; names.length > this.#namesACall && i < names.length; i += this.#namesACall) {
      const some = names.slice(i, i + this.#namesACall);
      const reply = await this.#call(commands, "look_up", lookUpArguments(append, some)).catch(nothingKept);
      if (reply[0] !== "looked up") return reply;
      // What comes after the first call is looked through by the append.
      lookedUp ??= integer(reply[1]);
    }
    return this.#call(commands, "append", appendArguments(append, bounds, lookedUp));
  }

  /** Sees to it that the names of all events are known: an append of many leaves that to calls of their own. */
  async name(commands: Commands): Promise<void> {
    while (integer((await this.#call(commands, "name", []))[1]) === 1);
  }

  async putBack(commands: Commands, putBack: PutBack): Promise<HelloAnswer> {
    return helloAnswer(await this.#call(commands, "put", putBackArguments(putBack)));
  }

  /** The block with the event at a position, also amid a recovery; undefined when there is none. */
  async blockAt(commands: Commands, position: number): Promise<Block | undefined> {
    const entry = await this.#call(commands, "block", [`${position}`]);
    return entry.length === 0 ? undefined : entriesOfReply([entry])[0]?.block;
  }

  /** Lets go of what is past the bounds. Undefined when the log is in a recovery. */
  async trim(commands: Commands, bounds: EngineBounds): Promise<Counts | undefined> {
    const reply = await this.#call(commands, "trim", boundsArguments(bounds));
    return reply[0] === "trimmed" ? countsOf(reply, 2) : undefined;
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
    return valuesAnswer(await this.#call(commands, "values", [`${after}`, `${upTo}`, `${limit}`]));
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
    return endsAnswer(await this.#call(commands, "ends", [`${after}`, `${upTo}`, `${limit}`]));
  }

  async #call(
    commands: Commands,
    operation: Operation,
    args: readonly string[],
  ): Promise<readonly unknown[]> {
    const rest = [`${this.#keys.length}`, ...this.#keys, operation, ...args];
    const reply = await this.#evaluate(commands, operation, rest);
    if (!Array.isArray(reply)) throw new UnexpectedReply(reply);
    return reply;
  }

  async #evaluate(commands: Commands, operation: Operation, rest: readonly string[]): Promise<unknown> {
    try {
      return await commands.send("EVALSHA", [this.#digestOf(operation), ...rest]);
    } catch (error) {
      // A server that was restarted, or promoted, does not know the script. It has done nothing.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return commands.send("EVAL", [scriptOf(operation, this.#about), ...rest]);
    }
  }

  #digestOf(operation: Operation): string {
    let digest = this.#digests.get(operation);
    if (digest === undefined) {
      digest = new Bun.CryptoHasher("sha1").update(scriptOf(operation, this.#about)).digest("hex");
      this.#digests.set(operation, digest);
    }
    return digest;
  }
}

function nothingKept(cause: unknown): never {
  throw new NothingKept(cause);
}
