import { newWord } from "../../protocol/place.ts";
import { NewerBlock } from "../block.ts";
import type { RedisAddress } from "./address.ts";
import { Changes } from "./changes.ts";
import { Connection, isReply, nameOf, RedisAway } from "./connection.ts";
import { type ControlStream, controlEntriesOf } from "./control-stream.ts";
import { askDurability } from "./durability.ts";
import type { Append, AppendAnswer, EngineBounds, HelloAnswer, Open } from "./engine.ts";
import { explain, isReadOnly, isRefusal } from "./failure.ts";
import { Following } from "./following.ts";
import type { Unit } from "./held-units.ts";
import { Master } from "./master.ts";
import type { Member } from "./member.ts";
import { PuttingBack } from "./putting-back.ts";
import { ReadCount } from "./read-count.ts";
import { NothingKept, type RedisEngine } from "./redis-engine.ts";
import { entriesOfReply } from "./stream-entries.ts";

/** A node says hello so often, in milliseconds: its lease in the log is 10 s. */
const HELLO_MS = 3000;
/** And so often in a recovery. */
const RECOVERY_HELLO_MS = 50;
/** Between two tries to connect, in milliseconds, from… to. */
const RETRY_MS = { first: 50, last: 1000 };
/** So long a node looks for another master before it insists on one that knows less than it does. */
const ELSEWHERE_MS = 1500;
/** What a node reads at its start, to be able to put it back, in blocks and in bytes. */
const FIRST_BLOCKS = 256;
const FIRST_BYTES = 4 * 1024 * 1024;

export interface SessionOptions {
  readonly address: RedisAddress;
  readonly engine: RedisEngine;
  readonly member: Member;
  readonly replicas: number;
  /** The key of the stream, and of the blocks that have left it and are held. */
  readonly log: string;
  readonly moved: string;
  /** What nodes tell each other, which is read along with the log. */
  readonly control: ControlStream;
  /** Reads the current values and the ended topics up to a position. */
  readonly readCurrent: (commands: Connection, upTo: number) => Promise<void>;
  readonly heard: (answer: HelloAnswer) => void;
  readonly took: (units: readonly Unit[]) => void;
  readonly away: (reason: string) => void;
  /** A later version wrote something: this node reads no further. */
  readonly outdated: (reason: string) => void;
  readonly warn: (message: string) => void;
  readonly note: (message: string) => void;
}

/** Keeps a node in step with the log: it connects, says hello, puts back, follows; and again after each failure. */
export class Session {
  state: "away" | "recovering" | "open" = "away";
  /** Why it is away. */
  reason: string | undefined;
  /** What has been told of why, since it was there. */
  readonly #told = new Set<string>();
  durability = "";
  /** The head of the log, as it was last heard. */
  engineHead = 0;
  readonly #options: SessionOptions;
  readonly #changes = new Changes();
  readonly #master: Master;
  #commands: Connection | undefined;
  readonly #following: Following;
  readonly #puttingBack: PuttingBack;
  #tail: Connection | undefined;
  #hello: Promise<HelloAnswer> | undefined;
  #elsewhereSince: number | undefined;
  #closed = false;
  #running: Promise<void> | undefined;
  /** Where the log stood when this node first heard of it. */
  #start: number | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { address, log, moved, engine, member, control, took, warn } = options;
    this.#master = new Master(address);
    this.#puttingBack = new PuttingBack({ engine, member, commands: () => this.commands });
    this.#following = new Following({
      ...{ log, moved, member, control, warn },
      took: (units) => {
        took(units);
        this.engineHead = Math.max(this.engineHead, member.head);
      },
      hello: () => this.#helloOfFollowing(),
    });
  }

  /** How many units were put back. */
  get putBack(): number {
    return this.#puttingBack.count;
  }

  get host(): string | undefined {
    return this.#commands && nameOf(this.#commands.host);
  }

  /** The connection that commands are sent on. @throws RedisAway */
  get commands(): Connection {
    if (!this.#commands?.isOpen || this.state === "away") throw this.#awayError();
    return this.#commands;
  }

  /** @throws RedisAway when no event can be taken at present; in a recovery they wait. */
  assertTakesEvents(): void {
    if (this.state === "away") throw this.#awayError();
    this.#master.assertConfirmed();
  }

  /**
   * Begins, if it has not yet. Resolves to where the log stood when this node first heard of it.
   *
   * @throws RedisAway while that can't be heard.
   */
  async start(): Promise<number> {
    this.#running ??= this.#run();
    await this.#changes.until(() => this.#start !== undefined || this.reason !== undefined || this.#closed);
    if (this.#start === undefined) throw this.#awayError();
    return this.#start;
  }

  /**
   * Resolves to the head when this node knows the log's lives, and that none has begun before it asked.
   *
   * @throws RedisAway when that can't be known at present.
   */
  async inStep(): Promise<number> {
    this.assertInStep();
    const answer = await this.hello();
    if (answer.state === "open") return answer.head;
    throw this.#awayError();
  }

  /** @throws RedisAway while Redis is away, or gets back what it has lost. */
  assertInStep(): void {
    if (this.state !== "open") throw this.#awayError();
  }

  /** @throws NothingKept; what Redis or the connection says of the call that keeps it. */
  append(append: Append, bounds: EngineBounds): Promise<AppendAnswer> {
    const { commands } = this;
    this.#following.hurry();
    return this.#options.engine.append(commands, append, bounds).catch((error: unknown) => {
      const cause = error instanceof NothingKept ? error.cause : error;
      // It looks for the new master, or asks which right was taken away.
      if (isReadOnly(cause) || isRefusal(cause)) commands.close(this.#explain(cause));
      throw error;
    });
  }

  /** How many replicas have all that was sent on the connection: when so many do, or after some milliseconds. */
  async waitForReplicas(wanted: number, timeout: number): Promise<number> {
    return Number(await this.commands.send("WAIT", [`${wanted}`, `${timeout}`]));
  }

  /** Says hello, once for all who ask meanwhile. */
  hello(): Promise<HelloAnswer> {
    this.#hello ??= this.#sayHello().finally(() => {
      this.#hello = undefined;
    });
    return this.#hello;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#disconnect();
    this.#changes.tell();
    await this.#running;
  }

  #awayError(): RedisAway {
    return new RedisAway(
      this.reason ?? (this.#closed ? "the store is closed" : "Redis is not connected yet"),
    );
  }

  async #run(): Promise<void> {
    let wait = RETRY_MS.first;
    while (!this.#closed) {
      let since = Number.POSITIVE_INFINITY;
      try {
        const { commands, tail } = await this.#connect();
        since = performance.now();
        const work = [this.#following.run(tail), this.#keepSayingHello(commands)];
        await Promise.race([...work, commands.failed, tail.failed]);
      } catch (error) {
        if (!this.#closed) this.#leave(error);
        // Redis answers, and in order: nobody need doubt what became of what was sent before.
        if (isReply(error)) await this.#commands?.send("TIME", []).catch(() => {});
        // What a later version means is not guessed: this node reads no further, until it is a later one itself.
        if (error instanceof NewerBlock) {
          this.#closed = true;
          this.#options.outdated(error.message);
        }
      }
      this.#disconnect();
      if (this.#closed) return;
      // One that connects, and fails at once, is not asked ever so often.
      if (performance.now() - since >= RETRY_MS.last) wait = RETRY_MS.first;
      // Not all nodes at once.
      await this.#changes.next(wait * (0.5 + Math.random()));
      wait = Math.min(RETRY_MS.last, wait * 2);
    }
  }

  async #connect(): Promise<{ commands: Connection; tail: Connection }> {
    const { address } = this.#options;
    const host = await this.#master.find();
    const commands = await Connection.open(host, address);
    this.#commands = commands;
    await this.#askDurability(commands);
    // Before the node counts as ready: what the others tell from then on is not missed.
    await this.#findControl(commands);
    await this.#following.tryToRead(commands);
    const answer = await this.hello();
    if (answer.state === "elsewhere") {
      throw new RedisAway("this Redis knows an older log than this node does: is there another master?");
    }
    const tail = await Connection.open(host, address);
    this.#tail = tail;
    void this.#options.control.flush();
    // It was closed meanwhile, and nobody would close this one.
    if (this.#closed) tail.close();
    return { commands, tail };
  }

  /** A new node reads what others tell from now on; one that was away, what they have told meanwhile. */
  async #findControl(commands: Connection): Promise<void> {
    const { control } = this.#options;
    if (control.cursor === undefined) {
      const reply = await commands.send("XREVRANGE", [control.key, "+", "-", "COUNT", "1"]);
      control.cursor = controlEntriesOf(reply)[0]?.id ?? "0-0";
    }
  }

  async #askDurability(commands: Connection): Promise<void> {
    const { address, replicas } = this.#options;
    const { summary, warning, refusal } = await askDurability(commands, address, replicas);
    if (refusal !== undefined) throw new RedisAway(refusal);
    if (summary === this.durability) return;
    this.durability = summary;
    this.#options.note(summary);
    if (warning !== undefined) this.#options.warn(warning);
  }

  async #sayHello(): Promise<HelloAnswer> {
    const { engine, member, heard } = this.#options;
    const commands = this.#commands;
    if (!commands?.isOpen) throw this.#awayError();
    const insists =
      this.#elsewhereSince !== undefined && performance.now() - this.#elsewhereSince >= ELSEWHERE_MS;
    let answer: HelloAnswer;
    try {
      answer = await engine.hello(commands, member.hello(newWord(), insists));
    } catch (error) {
      const why = this.#explain(error);
      commands.close(why);
      throw why;
    }
    if (answer.state === "elsewhere") {
      this.#elsewhereSince ??= performance.now();
      commands.close();
      return answer;
    }
    this.#elsewhereSince = undefined;
    if (answer.state === "open") await this.#hear(answer, commands);
    else {
      heard(answer);
      this.engineHead = answer.head;
      this.#become("recovering");
    }
    return answer;
  }

  async #hear(answer: Open, commands: Connection): Promise<void> {
    const { member, heard, readCurrent } = this.#options;
    const word = member.word;
    const isOutrun = answer.tail <= member.head && answer.head > member.head;
    // What a lost event replaced is current again.
    if (answer.lives.at(-1)?.word !== word || isOutrun) await readCurrent(commands, answer.head);
    this.engineHead = answer.head;
    if (word === "") {
      await this.#readFirst(answer, commands);
      this.#start = answer.head;
    } else {
      heard(answer);
    }
    if (member.word !== word) this.#following.reset(answer.epochs);
    this.#become("open");
  }

  /** A new node begins where it can put back what a failover may lose. */
  async #readFirst(answer: Open, commands: Connection): Promise<void> {
    const { log, member, heard } = this.#options;
    const count = new ReadCount(FIRST_BLOCKS);
    let start = answer.head;
    let before = "+";
    for (let blocks = 0, bytes = 0; blocks < FIRST_BLOCKS && bytes < FIRST_BYTES; ) {
      const range = [log, before, "-", "COUNT", `${Math.min(count.next, FIRST_BLOCKS - blocks)}`];
      const entries = entriesOfReply(await commands.send("XREVRANGE", range));
      count.read(entries.map(({ block }) => block));
      for (const { id, block } of entries) {
        start = Math.min(start, block.last - block.count);
        before = `(${id}`;
        bytes += block.size;
      }
      blocks += entries.length;
      if (entries.length === 0) break;
    }
    member.startAt(start);
    heard(answer);
  }

  #become(state: "recovering" | "open"): void {
    if (this.state !== state && state === "recovering") {
      const { member, warn, note } = this.#options;
      if (member.lives.length === 0)
        note("Redis has no log of this hub that is open: the nodes say what they have");
      else warn("Redis may have lost its newest events: the nodes put back what they have");
    }
    const isChange = this.state !== state || this.reason !== undefined;
    this.state = state;
    this.reason = undefined;
    this.#told.clear();
    if (isChange) this.#changes.tell();
  }

  async #helloOfFollowing(): Promise<void> {
    const { member, readCurrent } = this.#options;
    const { word } = member;
    const answer = await this.hello();
    const { state } = answer;
    // The log has gone on without this node: what it has missed may have set values.
    if (answer.state === "open" && member.word === word) await readCurrent(this.commands, answer.head);
    // What it can't take yet would come again at once.
    if (state !== "open") await this.#changes.next(RECOVERY_HELLO_MS);
  }

  async #keepSayingHello(commands: Connection): Promise<void> {
    while (commands.isOpen) {
      if (this.state === "recovering") {
        const answer = await this.hello();
        if (answer.state === "putting back") await this.#puttingBack.run(answer);
        await this.#changes.next(RECOVERY_HELLO_MS);
      } else {
        await this.#changes.next(HELLO_MS);
        await this.#master.confirm(commands.host);
        if (commands.isOpen) await this.hello();
      }
    }
  }

  #explain(error: unknown): Error {
    return explain(error, this.#options.address.master !== undefined);
  }

  #leave(error: unknown): void {
    const { message } = this.#explain(error);
    this.state = "away";
    this.reason = message;
    if (!this.#told.has(message)) this.#options.away(message);
    this.#told.add(message);
    this.#changes.tell();
  }

  #disconnect(): void {
    this.#commands?.close();
    this.#tail?.close();
    this.#commands = this.#tail = undefined;
  }
}
