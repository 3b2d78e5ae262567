/**
 * Expressions over texts, matched in linear time: all ways through an expression are followed at once
 * (Thompson's construction), so no text and no expression makes a match go back and try again.
 */

/** Pairs of first and last UTF-16 code units. */
export type Ranges = readonly number[];

/** An expression. It matches whole texts. */
export type Expression =
  | { readonly set: Ranges }
  | { readonly all: readonly Expression[] }
  | { readonly any: readonly Expression[] }
  /** `most` undefined: any number. */
  | { readonly repeat: Expression; readonly least: number; readonly most: number | undefined };

/** The most steps of an automaton. */
const MAX_STEPS = 2048;
/** The most parts of which these are made. A part without a step, such as `(?:){999}`, costs time all the same. */
const MAX_PARTS = 16 * MAX_STEPS;
/**
 * The most steps that one match looks at: less than a tenth of a millisecond. Where most steps of a large pattern
 * are alive at each character of a long text it is given up, and counts as no match.
 */
const MAX_LOOKS = 8192;

/** The expression is larger than a match may cost. */
export class TooComplex extends Error {
  override readonly name = "TooComplex";
}

/** The text itself. */
export function literal(text: string): Expression {
  return { all: Array.from({ length: text.length }, (_, i) => character(text.charCodeAt(i))) };
}

export function repeated(expression: Expression, least: number, most?: number): Expression {
  return { repeat: expression, least, most };
}

export function optional(expression: Expression): Expression {
  return repeated(expression, 0, 1);
}

function character(code: number): Expression {
  return { set: [code, code] };
}

/** The texts that an expression holds in any case, in their order, with anything between them. */
function fixedTexts(expression: Expression): readonly string[] {
  const texts: string[] = [];
  let text = "";
  const gap = () => {
    texts.push(text);
    text = "";
  };
  const read = (part: Expression): void => {
    if ("all" in part) {
      for (const one of part.all) read(one);
    } else if ("set" in part && part.set.length === 2 && part.set[0] === part.set[1]) {
      text += String.fromCharCode(part.set[0] ?? 0);
    } else if ("repeat" in part && part.least > 0) {
      read(part.repeat);
      if (part.least !== 1 || part.most !== 1) gap();
    } else gap();
  };
  read(expression);
  gap();
  return texts;
}

/** What stands between two words. */
const BETWEEN_WORDS = /[/\n]/;

/** Calls back with each word of a text: what stands between slashes and line ends. */
export function eachWord(text: string, found: (word: string) => void): void {
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = text.charCodeAt(i);
    if (i < text.length && code !== 0x2f && code !== 0x0a) continue;
    if (i > from) found(text.slice(from, i));
    from = i + 1;
  }
}

function wordsOf(texts: readonly string[]): readonly string[] {
  const words = texts.flatMap((text, i) => {
    const parts = text.split(BETWEEN_WORDS);
    // At a gap, a word may go on.
    return parts.slice(i === 0 ? 0 : 1, i === texts.length - 1 ? undefined : -1);
  });
  return [...new Set(words)].filter((word) => word !== "");
}

/** A step: it reads a character of the set, or goes on in two ways at once. */
type Step = { set: Ranges; next: number } | { ways: number[] };

/** What a step is packed into: three numbers, so that those of a pattern lie together. */
const PACKED = 3;
/**
 * The first number of a step with more than one range, or with ways. The second is the index of those. A step with
 * one range has its ends, of which the first is never greater.
 */
const HAS_SET = 0xffff;
const HAS_WAYS = 0xfffe;

/** The end. No way leads on from it. */
const END = 0;

// Matches come one after the other, so they share what they write on.
/** The round in which each step was reached last. */
const reached = new Float64Array(MAX_STEPS);
let round = 0;
/** Steps that are still to be reached. It is empty between two calls. */
const open: number[] = [];
/** The steps that are alive, and those that are alive next. */
const lists: [number[], number[]] = [[], []];

/** An expression that is ready to match. */
export class Automaton {
  /** What every text that it matches begins with. */
  readonly prefix: string;
  /** Words that every text has that it matches: what stands between slashes and line ends. */
  readonly words: readonly string[];
  /** The steps, {@link PACKED} numbers each. */
  readonly #steps: Uint16Array;
  readonly #sets: readonly Ranges[];
  readonly #ways: readonly (readonly number[])[];
  /** The steps that are alive after the prefix. */
  readonly #start: readonly number[];

  /** @throws TooComplex */
  constructor(expression: Expression) {
    const builder = new Builder();
    const first = builder.build(expression, END);
    this.#steps = builder.packed();
    this.#sets = builder.sets;
    this.#ways = builder.ways;
    const texts = fixedTexts(expression);
    this.prefix = texts[0] ?? "";
    this.words = wordsOf(texts);
    const start: number[] = [];
    round++;
    this.#reach(first, start);
    this.#start = [...this.#follow(start, this.prefix, 0)];
  }

  /** The steps behind the prefix: at most so many are alive at once. */
  get width(): number {
    return this.#steps.length / PACKED - this.prefix.length;
  }

  /** Whether the expression matches the whole text. */
  test(text: string): boolean {
    return text.startsWith(this.prefix) && this.#follow(this.#start, text, this.prefix.length).includes(END);
  }

  /** The steps that are alive after the text from this place on. The list is good until the next match. */
  #follow(start: readonly number[], text: string, from: number): readonly number[] {
    let now = start;
    let [next, spare] = lists;
    let looks = 0;
    for (let i = from; i < text.length && now.length > 0; i++) {
      const code = text.charCodeAt(i);
      looks += now.length;
      if (looks > MAX_LOOKS) return [];
      next.length = 0;
      round++;
      for (let at = 0; at < now.length; at++) {
        const step = now[at] as number;
        if (this.#takes(step, code)) this.#reach(this.#steps[step * PACKED + 2] as number, next);
      }
      now = next;
      [next, spare] = [spare, next];
    }
    return now;
  }

  /** Whether the step reads the character. */
  #takes(step: number, code: number): boolean {
    const first = this.#steps[step * PACKED] as number;
    const last = this.#steps[step * PACKED + 1] as number;
    if (first <= last) return code >= first && code <= last;
    return first === HAS_SET && holds(this.#sets[last] as Ranges, code);
  }

  /** Adds a step, and all that it leads to without a character, once a round. */
  #reach(first: number, into: number[]): void {
    open.push(first);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached[at] === round) continue;
      reached[at] = round;
      const ways = this.#waysOf(at);
      if (!ways || at === END) into.push(at);
      else for (let i = 0; i < ways.length; i++) open.push(ways[i] as number);
    }
  }

  #waysOf(step: number): readonly number[] | undefined {
    if (this.#steps[step * PACKED] !== HAS_WAYS) return undefined;
    const index = this.#steps[step * PACKED + 1] as number;
    return index < HAS_WAYS ? this.#ways[index] : undefined;
  }
}

/** Makes the steps of an expression. */
class Builder {
  readonly #steps: Step[] = [{ ways: [] }];
  /** Each once. */
  readonly sets: Ranges[] = [];
  readonly ways: number[][] = [];
  #parts = 0;

  /** The steps as numbers. */
  packed(): Uint16Array {
    const packed = new Uint16Array(this.#steps.length * PACKED);
    const indexes = new Map<string, number>();
    const indexOf = (set: Ranges) => {
      const key = set.join();
      const index = indexes.get(key) ?? this.sets.push(set) - 1;
      indexes.set(key, index);
      return index;
    };
    this.#steps.forEach((step, i) => {
      if ("ways" in step) packed.set([HAS_WAYS, this.ways.push(step.ways) - 1, END], i * PACKED);
      else if (step.set.length === 2) packed.set([...step.set, step.next], i * PACKED);
      else packed.set([HAS_SET, indexOf(step.set), step.next], i * PACKED);
    });
    return packed;
  }

  /** The first step of the expression, which leads to `next` at its end. @throws TooComplex */
  build(expression: Expression, next: number): number {
    if (++this.#parts > MAX_PARTS) throw tooLarge();
    if ("set" in expression) return this.#add({ set: expression.set, next });
    if ("all" in expression) {
      let at = next;
      for (const part of expression.all.toReversed()) at = this.build(part, at);
      return at;
    }
    if ("any" in expression) {
      return this.#add({ ways: expression.any.map((one) => this.build(one, next)) });
    }
    const { repeat, least, most } = expression;
    let at = next;
    if (most === undefined) {
      const again: { ways: number[] } = { ways: [] };
      at = this.#add(again);
      again.ways.push(this.build(repeat, at), next);
    } else {
      for (let i = least; i < most; i++) at = this.#add({ ways: [this.build(repeat, at), next] });
    }
    for (let i = 0; i < least; i++) at = this.build(repeat, at);
    return at;
  }

  #add(step: Step): number {
    if (this.#steps.length >= MAX_STEPS) throw tooLarge();
    return this.#steps.push(step) - 1;
  }
}

function tooLarge(): TooComplex {
  return new TooComplex(`a pattern has ${MAX_STEPS} steps at most`);
}

function holds(set: Ranges, code: number): boolean {
  for (let i = 0; i < set.length; i += 2) {
    if (code >= (set[i] as number) && code <= (set[i + 1] as number)) return true;
  }
  return false;
}
