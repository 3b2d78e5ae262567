import {
  type Append,
  type AppendAnswer,
  type Block,
  type Counts,
  type EngineBounds,
  type Epoch,
  type Hello,
  type HelloAnswer,
  type KnownEnds,
  type NodeSeq,
  type PutBack,
  RECOVERY,
  type Rewrite,
} from "../../../src/log/redis/engine.ts";
import { commonEnd, isOn, type LifeChain, numberOf } from "../../../src/log/redis/life-chain.ts";
import { erasedBy } from "../../../src/log/redis/names.ts";
import type { Place } from "../../../src/protocol/place.ts";

/** What the engine is to do so that nothing is lost or doubled. A test breaks each to see that it matters. */
export type EngineRule =
  /** An append whose number its node has used is answered, not kept again. */
  | "a number is used once"
  /** A recovery hears the nodes before anything is put back. */
  | "hear first"
  /** It hears for a second at least, though all that are expected have said hello. */
  | "hear for a second"
  /** It waits for the nodes that were there when the old life last wrote, by that life's own time. */
  | "expect who was there"
  /** An engine without a log that hears of one waits as long as it may: it can't know who was there. */
  | "wait when all is lost"
  /** The log of the highest life is right; its end is the furthest that anyone holds on it. */
  | "the highest life is right"
  | "the furthest end counts"
  /** A hello while events are put back, of a node that is new or was silent, is weighed too: choose again. */
  | "choose again"
  /** When nobody holds the next event, go on at the lowest one that is held. */
  | "leave a hole"
  /** Numbers of appends below a hole come from the hellos. */
  | "merge numbers"
  /** A block that is cut takes its number back, or its node's next try is told that it is there. */
  | "cut numbers"
  /** A block that is cut takes its ids along. */
  | "cut names"
  /** Only a unit that comes next on the log that was chosen is put back. */
  | "put back what comes next"
  /** What is put back brings its number along. */
  | "put back numbers"
  /** What is put back brings its ids along. */
  | "put back names"
  /** A block that is cut gives the current values back that it replaced. */
  | "cut values"
  /** An append is refused when it is on a topic that has ended since its node last heard. */
  | "refuse on ended topics"
  /** A block is rewritten for an erasure if it is as the node has read it. */
  | "rewrite what was read"
  /** With an erasure that is put back comes its event's block, without the data. */
  | "rewrite what was put back"
  /** A new life's number is above every number that was said. */
  | "number above all"
  /** Lives that begin after the end begin at the end. */
  | "clip lives"
  /** An open engine that hears of a higher life begins a recovery. */
  | "yield to a higher life"
  /** A changed replication id begins a recovery. */
  | "notice another master"
  /** When the clock has jumped, nobody is older by that. */
  | "a jump counts for nothing"
  /** No log, but the same replication id: it was erased on purpose, and nothing is put back. */
  | "erased on purpose";

export interface RecoveryState {
  readonly phase: "hearing" | "putting back";
  /** When the first hello came; -1 before it. */
  readonly began: number;
  readonly lastPut: number;
  readonly expected: readonly string[];
  readonly end: number;
  /** It began with no log at all. */
  readonly empty: boolean;
}

export interface EngineState {
  readonly replid: string;
  readonly lives: LifeChain;
  readonly epochs: readonly Epoch[];
  readonly head: number;
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
  /** The bytes of blocks that are past the bounds, and still there. */
  readonly spare: number;
  /** When it was last written, as far as it knows. */
  readonly time: number;
  readonly blocks: readonly StreamBlock[];
  /** The current values, by their keys. */
  readonly values: ReadonlyMap<string, Value>;
  /** For each key where the value is that was current when the oldest block came. */
  readonly archive: ReadonlyMap<string, Value>;
  readonly valueBytes: number;
  readonly floor: number;
  readonly dropped: number;
  /** The ended topics, by their keys; the size is 1 for a private end, or else 0. */
  readonly ends: ReadonlyMap<string, Value>;
  readonly endsFloor: number;
  readonly endsDropped: number;
  /** Where each name stands: of what is past the bounds, too, while that is still there. */
  readonly names: ReadonlyMap<string, readonly number[]>;
  readonly seqs: ReadonlyMap<string, SeqState>;
  readonly recovery: RecoveryState | undefined;
  readonly hellos: ReadonlyMap<string, Heard>;
}

/** A block as an entry of the stream, whose id is `epoch-last`. */
export type StreamBlock = Block & {
  readonly epoch: number;
  /** What its values have replaced, key by key; a position of 0 for none. */
  readonly previous: readonly Value[];
};

export interface Value {
  readonly position: number;
  readonly size: number;
}

interface SeqState {
  readonly seq: number;
  /** The position of that append's last event; 0 when nothing of it was kept. */
  readonly last: number;
  /** When it last said hello. */
  readonly lease: number;
}

export interface Heard {
  readonly at: number;
  readonly lives: LifeChain;
  readonly head: number;
  readonly low: number;
  readonly seqs: readonly NodeSeq[];
}

export interface Environment {
  /** The engine's clock, in milliseconds. */
  readonly now: number;
  /** The replication id that it has now. */
  readonly replid: string;
  readonly bounds: EngineBounds;
}

export const EMPTY: EngineState = {
  replid: "",
  lives: [],
  epochs: [],
  head: 0,
  first: 1,
  count: 0,
  bytes: 0,
  spare: 0,
  time: 0,
  blocks: [],
  values: new Map(),
  archive: new Map(),
  valueBytes: 0,
  floor: 0,
  dropped: 0,
  ends: new Map(),
  endsFloor: 0,
  endsDropped: 0,
  names: new Map(),
  seqs: new Map(),
  recovery: undefined,
  hellos: new Map(),
};

type Draft<T> = { -readonly [K in keyof T]: T[K] };
type Writable = Omit<
  Draft<EngineState>,
  "names" | "seqs" | "hellos" | "blocks" | "values" | "archive" | "ends"
> & {
  ends: Map<string, Value>;
  values: Map<string, Value>;
  archive: Map<string, Value>;
  blocks: StreamBlock[];
  names: Map<string, readonly number[]>;
  seqs: Map<string, SeqState>;
  hellos: Map<string, Heard>;
};

export interface Outcome<A> {
  readonly state: EngineState;
  readonly answer: A;
}

/** The engine as a pure function: each call makes a new state of the old one. */
export class ModelEngine {
  readonly #off: ReadonlySet<EngineRule>;

  constructor(off: ReadonlySet<EngineRule> = new Set()) {
    this.#off = off;
  }

  hello(before: EngineState, environment: Environment, hello: Hello): Outcome<HelloAnswer> {
    const state = writable(before);
    const { now, replid } = environment;
    this.#noticeChange(state, environment);
    const mine = hello.lives.at(-1);
    this.#noteTime(state, now);
    const known = state.seqs.get(hello.node);
    state.seqs.set(hello.node, { ...(known ?? { seq: 0, last: 0 }), lease: state.time });
    forgetSeqs(state);
    if (!state.recovery && mine) {
      const other = !state.lives.some(({ word }) => word === mine.word);
      const higher = other && mine.number > numberOf(state.lives) && hello.replid !== replid;
      const ahead = mine.word === state.lives.at(-1)?.word && hello.head > state.head;
      if (higher && this.#on("yield to a higher life")) {
        if (!hello.insists) return { state, answer: { state: "elsewhere" } };
        this.#begin(state, replid, state.time);
      } else if (ahead) {
        this.#begin(state, replid, state.time);
      }
    }
    const recovery = state.recovery;
    if (recovery) {
      if (recovery.empty && mine && hello.replid === replid && this.#on("erased on purpose")) {
        state.hellos = new Map([[hello.node, { at: now, ...hello, head: 0, low: 0 }]]);
        this.#close(state, now, hello.newWord);
      } else {
        const before = state.hellos.get(hello.node);
        const isNew = !before || before.at < now - RECOVERY.silence;
        const { lives, head, low, seqs } = hello;
        state.hellos.set(hello.node, { at: now, lives, head, low, seqs });
        state.recovery = { ...recovery, began: recovery.began < 0 ? now : recovery.began };
        if (isNew && recovery.phase === "putting back" && this.#on("choose again")) {
          state.recovery = { ...state.recovery, phase: "hearing" };
        }
        this.#settle(state, now, hello.newWord);
      }
    }
    return { state, answer: answerOf(state) };
  }

  append(before: EngineState, environment: Environment, append: Append): Outcome<AppendAnswer> {
    const same = (answer: AppendAnswer): Outcome<AppendAnswer> => ({ state: before, answer });
    const changed = before.replid !== environment.replid && this.#on("notice another master");
    if (before.recovery || changed || before.lives.length === 0) return same({ result: "hello" });
    const word = before.lives.at(-1)?.word ?? "";
    if (append.word !== word) return same({ result: "hello" });
    const known = before.seqs.get(append.node);
    if (known && this.#on("a number is used once")) {
      if (append.seq === known.seq) return same({ result: "again", last: known.last });
      if (append.seq < known.seq) return same({ result: "stale" });
    }
    if ((append.ends?.upTo ?? append.head) > before.head) return same({ result: "hello" });
    const state = writable(before);
    this.#noteTime(state, environment.now);
    const lease = state.seqs.get(append.node)?.lease ?? expired(state);
    const held = new Map<string, number>();
    for (const { names } of append.blocks) {
      for (const [name] of namesOf(names)) {
        const position = state.names.get(name)?.find((each) => each >= state.first);
        if (position !== undefined) held.set(name, position);
      }
    }
    if (held.size > 0) {
      state.seqs.set(append.node, { seq: append.seq, last: 0, lease });
      return { state, answer: { result: "held", held } };
    }
    if (hasEnded(state, append.ends) && this.#on("refuse on ended topics")) {
      state.seqs.set(append.node, { seq: append.seq, last: 0, lease });
      return { state, answer: { result: "ended", upTo: state.head } };
    }
    const erased = erasedBy(append.blocks[0]?.current ?? "");
    if (erased && append.rewrite && !this.#rewrite(state, erased, append.rewrite)) {
      state.seqs.set(append.node, { seq: append.seq, last: 0, lease });
      return { state, answer: { result: "changed" } };
    }
    const unitFirst = state.head + 1;
    const unitLast = append.blocks.reduce((last, { count }) => last + count, state.head);
    for (const content of append.blocks) {
      keep(state, {
        ...{ count: content.count, size: content.size, names: content.names, current: content.current },
        text: content.text,
        ...{ word, last: state.head + content.count, keptAt: state.time },
        ...{ node: append.node, seq: append.seq, unitFirst, unitLast },
      });
    }
    state.seqs.set(append.node, { seq: append.seq, last: unitLast, lease });
    const set = append.blocks.reduce((sum, { current }) => sum + keysOf(current).length, 0);
    if (set > 0) {
      dropValues(state, environment.bounds, set + MAX_DROPPED);
      dropEnds(state, environment.bounds, set + MAX_DROPPED);
    }
    trim(state, environment.bounds);
    return { state, answer: { result: "kept", last: unitLast, counts: countsOf(state) } };
  }

  putBack(
    before: EngineState,
    { now }: Environment,
    { node, newWord, blocks, rewrite }: PutBack,
  ): Outcome<HelloAnswer> {
    const state = writable(before);
    this.#noteTime(state, now);
    const heard = state.hellos.get(node);
    if (heard) state.hellos.set(node, { ...heard, at: now });
    const { recovery } = state;
    const [block] = blocks;
    if (!recovery) return { state: before, answer: answerOf(before) };
    const erased = erasedBy(block?.current ?? "");
    const mayPutBack =
      block && recovery.phase === "putting back" && this.#mayPutBack(state, block, recovery.end);
    const rewrites = erased && rewrite && this.#on("rewrite what was put back");
    if (mayPutBack && (!rewrites || this.#rewrite(state, erased, rewrite))) {
      for (const each of blocks) keep(state, each, this.#on("put back names"));
      const known = state.seqs.get(block.node);
      if (this.#on("put back numbers") && (known?.seq ?? -1) < block.seq) {
        const { seq, unitLast: last } = block;
        state.seqs.set(block.node, { seq, last, lease: known?.lease ?? expired(state) });
      }
      state.recovery = { ...recovery, lastPut: now };
    }
    this.#settle(state, now, newWord);
    return { state, answer: answerOf(state) };
  }

  trim(
    before: EngineState,
    { now, bounds }: Environment,
    _: undefined = undefined,
  ): Outcome<Counts | undefined> {
    if (before.recovery || before.lives.length === 0) return { state: before, answer: undefined };
    const state = writable(before);
    this.#noteTime(state, now);
    dropValues(state, bounds, MAX_DROPPED);
    dropEnds(state, bounds, MAX_DROPPED);
    trim(state, bounds);
    return { state, answer: countsOf(state) };
  }

  #on(rule: EngineRule): boolean {
    return !this.#off.has(rule);
  }

  /** Puts a block in the place of that of the event that is erased; false when that has changed. */
  #rewrite(state: Writable, { word, position }: Place, { of, current, text }: Rewrite): boolean {
    const index = state.blocks.findIndex((block) => isIn(block, position) && block.word === word);
    const block = state.blocks[index];
    if ((block ? digestOf(block.text) : "") !== of && this.#on("rewrite what was read")) return false;
    if (block) state.blocks[index] = { ...block, current, text };
    return true;
  }

  #mayPutBack(state: EngineState, block: Block, end: number): boolean {
    if (!this.#on("put back what comes next")) return true;
    return (
      block.unitFirst === state.head + 1 &&
      block.unitLast <= end &&
      isOn(state.lives, block.word, block.unitFirst)
    );
  }

  #noticeChange(state: Writable, { replid, now }: Environment): void {
    if (state.lives.length === 0 && !state.recovery) this.#begin(state, replid, now);
    else if (state.replid !== replid && this.#on("notice another master")) {
      this.#begin(state, replid, this.#on("expect who was there") ? state.time : now);
    }
  }

  /** A time without calls, or a clock that has jumped, makes nobody older. */
  #noteTime(state: Writable, now: number): void {
    const jump = now - state.time;
    if (Math.abs(jump) <= RECOVERY.step || !this.#on("a jump counts for nothing")) {
      state.time = Math.max(state.time, now);
      return;
    }
    const { recovery } = state;
    if (recovery && recovery.began >= 0) {
      state.recovery = { ...recovery, began: recovery.began + jump, lastPut: recovery.lastPut + jump };
      for (const [node, heard] of state.hellos) state.hellos.set(node, { ...heard, at: heard.at + jump });
    }
    for (const [node, seq] of state.seqs) state.seqs.set(node, { ...seq, lease: seq.lease + jump });
    state.time = now;
  }

  /** @param time by which leases are judged. */
  #begin(state: Writable, replid: string, time: number): void {
    const expected = [...state.seqs].filter(([, { lease }]) => lease > time - RECOVERY.lease);
    state.replid = replid;
    state.hellos = new Map();
    state.recovery = {
      phase: "hearing",
      began: -1,
      lastPut: -1,
      expected: expected.map(([node]) => node).sort(),
      end: 0,
      empty: state.lives.length === 0,
    };
  }

  #settle(state: Writable, now: number, newWord: string): void {
    const { recovery } = state;
    if (!recovery || recovery.began < 0) return;
    if (recovery.phase === "hearing") {
      // Without a log it is not known who was there.
      const isLost = recovery.empty && [...state.hellos.values()].some(({ lives }) => lives.length > 0);
      const unknown = isLost && this.#on("wait when all is lost");
      const allSaid = !unknown && recovery.expected.every((node) => state.hellos.has(node));
      const long = now >= recovery.began + RECOVERY.minHearing || !this.#on("hear for a second");
      const over = now >= recovery.began + RECOVERY.maxHearing;
      if (this.#on("hear first") && !(allSaid && long) && !over) return;
      this.#choose(state, now);
    }
    this.#goOn(state, now, newWord);
  }

  /** Chooses the right log, and cuts what is held beside it. */
  #choose(state: Writable, now: number): void {
    const highest = this.#on("the highest life is right");
    let best: { lives: LifeChain; head: number } = { lives: state.lives, head: state.head };
    for (const { lives, head } of byNode(state.hellos)) {
      const number = highest ? numberOf(lives) - numberOf(best.lives) : 0;
      if (lives.length > 0 && (number > 0 || (number === 0 && head > best.head))) best = { lives, head };
    }
    const common = commonEnd(state.lives, state.head, best.lives, Number.POSITIVE_INFINITY);
    if (common < state.head) this.#cut(state, common);
    beginEpoch(state, now);
    state.lives = best.lives;
    let end = this.#on("the furthest end counts") ? state.head : best.head;
    if (this.#on("the furthest end counts")) {
      for (const { lives, head } of state.hellos.values()) {
        end = Math.max(end, commonEnd(lives, head, state.lives, Number.POSITIVE_INFINITY));
      }
    }
    if (state.recovery) state.recovery = { ...state.recovery, phase: "putting back", lastPut: now, end };
  }

  #goOn(state: Writable, now: number, newWord: string): void {
    const { recovery } = state;
    if (!recovery) return;
    const endOf = ({ lives, head }: Heard): number =>
      commonEnd(lives, head, state.lives, Number.POSITIVE_INFINITY);
    const holders = [...state.hellos.values()].filter(
      (heard) => endOf(heard) > Math.max(state.head, heard.low),
    );
    const lowest = Math.min(...holders.map(({ low }) => low));
    if (state.head < recovery.end && holders.length > 0 && lowest > state.head && this.#on("leave a hole")) {
      state.head = lowest;
      if (this.#on("merge numbers")) {
        for (const { node, seq, last } of holders.flatMap(({ seqs }) => seqs)) {
          const known = state.seqs.get(node);
          if (last > lowest || (known?.seq ?? -1) >= seq) continue;
          state.seqs.set(node, { seq, last, lease: known?.lease ?? expired(state) });
        }
      }
    }
    const isLong = now >= recovery.began + RECOVERY.longest;
    const stalled = now >= recovery.lastPut + RECOVERY.stall || isLong;
    if (state.head < recovery.end && holders.length > 0 && stalled && !isLong) {
      const silent = [...state.hellos].filter(([, { at }]) => at < now - RECOVERY.silence);
      if (silent.length > 0) {
        for (const [node] of silent) state.hellos.delete(node);
        const expected = recovery.expected.filter((node) => state.hellos.has(node));
        state.recovery = { ...recovery, phase: "hearing", expected };
        this.#choose(state, now);
        this.#goOn(state, now, newWord);
        return;
      }
    }
    if (state.head >= recovery.end || holders.length === 0 || stalled) this.#close(state, now, newWord);
  }

  #close(state: Writable, now: number, newWord: string): void {
    const said = this.#on("number above all")
      ? [...state.hellos.values()].map(({ lives }) => numberOf(lives))
      : [];
    const number = Math.max(numberOf(state.lives), ...said) + 1;
    const first = state.head + 1;
    const clipped = this.#on("clip lives")
      ? state.lives.map((life) => ({ ...life, first: Math.min(life.first, first) }))
      : state.lives;
    state.lives = [...clipped, { number, word: newWord, first }].slice(-64);
    if (state.epochs.length === 0) beginEpoch(state, now);
    state.first = Math.min(state.first, first);
    state.recovery = undefined;
    state.hellos = new Map();
  }

  #cut(state: Writable, to: number): void {
    while (true) {
      const block = state.blocks.at(-1);
      if (!block || block.last <= to) break;
      state.blocks.pop();
      if (block.last < state.first) {
        state.spare -= block.size;
      } else {
        const from = Math.max(block.last - block.count + 1, state.first);
        state.count -= block.last - from + 1;
        state.bytes -= block.size;
      }
      if (this.#on("cut names")) forgetNames(state, block);
      if (this.#on("cut values")) undoValues(state, block);
      const known = state.seqs.get(block.node);
      if (this.#on("cut numbers") && known && known.seq >= block.seq) {
        state.seqs.set(block.node, { ...known, seq: block.seq - 1, last: 0 });
      }
    }
    state.head = to;
    state.first = Math.min(state.first, to + 1);
    state.floor = Math.min(state.floor, to + 1);
    state.endsFloor = Math.min(state.endsFloor, to + 1);
  }
}

function writable(state: EngineState): Writable {
  return {
    ...state,
    blocks: [...state.blocks],
    values: new Map(state.values),
    archive: new Map(state.archive),
    ends: new Map(state.ends),
    names: new Map(state.names),
    seqs: new Map(state.seqs),
    hellos: new Map(state.hellos),
  };
}

function answerOf(state: EngineState): HelloAnswer {
  const { recovery, lives, head, epochs, replid, seqs } = state;
  if (recovery) return { state: recovery.phase, lives, head, end: recovery.end };
  const numbers: NodeSeq[] = [...seqs].map(([node, { seq, last }]) => ({ node, seq, last }));
  const tail = state.blocks.at(-1)?.last ?? 0;
  return { state: "open", lives, epochs, head, tail, counts: countsOf(state), replid, seqs: numbers };
}

function countsOf(state: EngineState): Counts {
  const { first, count, bytes, valueBytes, floor, dropped, endsFloor, endsDropped } = state;
  return { first, count, bytes, valueBytes, floor, dropped, endsFloor, endsDropped };
}

/** In the order of the nodes' names, so that the scripts find the same. */
function byNode(hellos: ReadonlyMap<string, Heard>): readonly Heard[] {
  return [...hellos].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, heard]) => heard);
}

/** The pairs of `name:index …`. */
export function namesOf(names: string): [name: string, index: number][] {
  if (names === "") return [];
  return names.split(" ").map((pair) => {
    const [name = "", index] = pair.split(":");
    return [name, Number(index)];
  });
}

/** The digest of a block's text, as the scripts make it. */
export function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha1").update(text).digest("hex");
}

/** Whether a block has the event at a position. */
export function isIn({ last, count }: Block, position: number): boolean {
  return last - count < position && position <= last;
}

function keep(state: Writable, block: Block, withNames = true): void {
  const erased = erasedBy(block.current);
  if (erased) unsetValuesAt(state, erased.position);
  if (state.count === 0) state.first = block.last - block.count + 1;
  const previous = keysOf(block.current).map(({ key, clears, isEnd, isPrivate }) => {
    const before = (isEnd ? state.ends : state.values).get(key);
    const size = isEnd ? Number(isPrivate) : block.size;
    if (clears) unsetValue(state, key);
    else setValue(state, key, { position: block.last, size });
    return before ?? { position: 0, size: 0 };
  });
  state.blocks.push({ ...block, epoch: state.epochs.at(-1)?.number ?? 0, previous });
  const from = block.last - block.count + 1;
  if (withNames) {
    for (const [name, index] of namesOf(block.names)) {
      state.names.set(name, [...(state.names.get(name) ?? []), from + index]);
    }
  }
  state.head = block.last;
  state.count += block.count;
  state.bytes += block.size;
}

const MAX_DROPPED = 64;

export interface SetKey {
  readonly key: string;
  readonly clears: boolean;
  /** Of a topic that ends or is opened again, and not of a current value. */
  readonly isEnd: boolean;
  readonly isPrivate: boolean;
}

/** The keys of what a block sets or clears. */
export function keysOf(current: string): SetKey[] {
  if (current === "" || erasedBy(current)) return [];
  return current.split(" ").map((text) => {
    const clears = text.startsWith("-");
    const key = clears ? text.slice(1) : text;
    const isPrivate = key.startsWith("p");
    return { key: isPrivate ? `e${key.slice(1)}` : key, clears, isEnd: /^[ep]/.test(key), isPrivate };
  });
}

/** Whether a topic has ended that a node does not know of and appends to. */
function hasEnded({ ends }: Writable, known: KnownEnds | undefined): boolean {
  if (!known) return false;
  const keys = known.topics === "" ? [...ends.keys()] : known.topics.split(" ");
  return keys.some((key) => (ends.get(key)?.position ?? 0) > known.upTo);
}

function setValue(state: Writable, key: string, value: Value): void {
  if (key.startsWith("e")) {
    state.ends.set(key, value);
    return;
  }
  state.valueBytes += value.size - (state.values.get(key)?.size ?? 0);
  state.values.set(key, value);
}

function unsetValue(state: Writable, key: string): void {
  if (state.ends.delete(key)) return;
  state.valueBytes -= state.values.get(key)?.size ?? 0;
  state.values.delete(key);
}

/** What a block has replaced is current again. */
function undoValues(state: Writable, { current, previous, last }: StreamBlock): void {
  for (const [i, { key, clears, isEnd }] of keysOf(current).entries()) {
    const now = (isEnd ? state.ends : state.values).get(key);
    // One that was dropped since does not come back.
    if (clears ? now : now?.position !== last) continue;
    const before = previous[i];
    const isAbove = before && before.position >= (isEnd ? state.endsFloor : state.floor);
    if (isAbove && before.position > 0 && (isEnd || isSetAt(state, key, before.position)))
      setValue(state, key, before);
    else unsetValue(state, key);
  }
}

/** Whether the event at a position sets the value still: it may have been erased. */
function isSetAt({ archive, blocks }: Writable, key: string, position: number): boolean {
  if (archive.get(key)?.position === position) return true;
  const { current = "" } = blocks.find((block) => isIn(block, position)) ?? {};
  return keysOf(current).some((each) => each.key === key && !each.clears);
}

/** The event at a position is nowhere current any more. Returns on how many keys it was. */
function unsetValuesAt(state: Writable, oldest: number): number {
  let gone = 0;
  for (const [key, { position }] of [...state.values]) {
    if (position !== oldest) continue;
    unsetValue(state, key);
    if (state.archive.get(key)?.position === oldest) state.archive.delete(key);
    gone++;
  }
  return gone;
}

/** A block leaves the log: what it has set is kept, whether it is current or what was replaced last. */
function archive(state: Writable, { current, last: position, size }: StreamBlock): void {
  for (const { key, clears, isEnd } of keysOf(current)) {
    // The key of an end says all of it.
    if (isEnd) continue;
    if (clears || position < state.floor) state.archive.delete(key);
    else state.archive.set(key, { position, size });
  }
}

/** Past their bounds the oldest values go, all of an event at once. */
function dropValues(state: Writable, { values, valueBytes }: EngineBounds, most: number): void {
  let left = most;
  while (left > 0 && (state.values.size > values || state.valueBytes > valueBytes)) {
    const oldest = Math.min(...[...state.values.values()].map(({ position }) => position));
    const gone = unsetValuesAt(state, oldest);
    left -= gone;
    state.dropped += gone;
    state.floor = oldest + 1;
  }
}

/** Past their bound the oldest ends go, all of an event at once. */
function dropEnds(state: Writable, { ends }: EngineBounds, most: number): void {
  let left = most;
  while (left > 0 && state.ends.size > ends) {
    const oldest = Math.min(...[...state.ends.values()].map(({ position }) => position));
    for (const [key, { position }] of [...state.ends]) {
      if (position !== oldest) continue;
      state.ends.delete(key);
      left--;
      state.endsDropped++;
    }
    state.endsFloor = oldest + 1;
  }
}

function forgetNames(state: Writable, block: Block): void {
  const from = block.last - block.count + 1;
  for (const [name, index] of namesOf(block.names)) {
    const others = state.names.get(name)?.filter((position) => position !== from + index) ?? [];
    if (others.length > 0) state.names.set(name, others);
    else state.names.delete(name);
  }
}

/** Whether an append leaves something to be trimmed. */
export function isPastBounds(state: EngineState, bounds: EngineBounds): boolean {
  const { count, bytes, spare, values, valueBytes, ends } = state;
  return (
    count > bounds.events ||
    bytes > bounds.bytes ||
    spare > bounds.spare ||
    values.size > bounds.values ||
    valueBytes > bounds.valueBytes ||
    ends.size > bounds.ends
  );
}

/** A lease for a node that is only known by its blocks. */
function expired({ time }: Writable): number {
  return time - RECOVERY.lease;
}

function beginEpoch(state: Writable, now: number): void {
  const number = Math.max((state.epochs.at(-1)?.number ?? 0) + 1, now);
  state.epochs = [
    ...state.epochs.filter(({ after }) => after < state.head),
    { number, after: state.head },
  ].slice(-64);
}

function forgetSeqs(state: Writable): void {
  for (const [node, { lease }] of state.seqs) {
    if (lease < state.time - RECOVERY.seqKept) state.seqs.delete(node);
  }
}

/**
 * Lets go of what is past the bounds: blocks as a whole, and events of the oldest block by `first`. The
 * newest of that stay for a while, or a node that is about to follow them would miss them.
 */
function trim(state: Writable, { events, bytes, age, spare }: EngineBounds): void {
  for (let passed = 0; passed < 64; passed++) {
    const block = state.blocks.find(({ last }) => last >= state.first);
    if (!block) break;
    const excess = state.count - events;
    const tooOld = state.time - block.keptAt > age;
    if (excess <= 0 && state.bytes <= bytes && !tooOld) break;
    const from = Math.max(state.first, block.last - block.count + 1);
    const here = block.last - from + 1;
    if (state.bytes <= bytes && !tooOld && excess < here) {
      state.first = from + excess;
      state.count -= excess;
      break;
    }
    state.count -= here;
    state.bytes -= block.size;
    state.spare += block.size;
    state.first = block.last + 1;
  }
  for (let removed = 0; removed < 64 && state.spare > 0; removed++) {
    const [block] = state.blocks;
    if (!block || (state.spare <= spare && state.time - block.keptAt <= age)) break;
    state.blocks.shift();
    state.spare -= block.size;
    forgetNames(state, block);
    archive(state, block);
  }
}
