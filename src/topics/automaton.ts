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
/**
 * The most steps that one match looks at: a fraction of a millisecond. Where most steps of a large pattern
 * are alive at each character of a long text it is given up, and counts as no match.
 */
const MAX_LOOKS = 65_536;

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

function prefixOf(expression: Expression): { readonly text: string; readonly whole: boolean } {
  if ("set" in expression) {
    const { set } = expression;
    const [first = 0, last = 0] = set;
    const whole = set.length === 2 && first === last;
    return { text: whole ? String.fromCharCode(first) : "", whole };
  }
  if ("all" in expression) {
    let text = "";
    for (const part of expression.all) {
      const found = prefixOf(part);
      text += found.text;
      if (!found.whole) return { text, whole: false };
    }
    return { text, whole: true };
  }
  if ("repeat" in expression && expression.least > 0) {
    const { text, whole } = prefixOf(expression.repeat);
    return { text, whole: whole && expression.least === 1 && expression.most === 1 };
  }
  return { text: "", whole: false };
}

/** A step: it reads a character of the set, or goes on in two ways at once. */
type Step = { set: Ranges; next: number } | { ways: number[] };

/** An expression that is ready to match. */
export class Automaton {
  /** What every text that it matches begins with. */
  readonly prefix: string;
  readonly #steps: Step[] = [];
  /** The steps that are alive after the prefix. */
  readonly #start: readonly number[];
  /** The round in which each step was reached last. */
  readonly #reached: number[];
  #round = 0;

  /** @throws TooComplex */
  constructor(expression: Expression) {
    // The end: no way leads on from it.
    this.#steps.push({ ways: [] });
    const first = this.#build(expression, 0);
    this.#reached = new Array<number>(this.#steps.length).fill(0);
    this.prefix = prefixOf(expression).text;
    const start: number[] = [];
    this.#round++;
    this.#reach(first, start);
    this.#start = this.#follow(start, this.prefix, 0);
  }

  /** Whether the expression matches the whole text. */
  test(text: string): boolean {
    return text.startsWith(this.prefix) && this.#follow(this.#start, text, this.prefix.length).includes(0);
  }

  /** The steps that are alive after the text from this place on. */
  #follow(start: readonly number[], text: string, from: number): readonly number[] {
    let now = start;
    let looks = 0;
    for (let i = from; i < text.length && now.length > 0; i++) {
      const code = text.charCodeAt(i);
      const next: number[] = [];
      this.#round++;
      looks += now.length;
      if (looks > MAX_LOOKS) return [];
      for (const at of now) {
        const step = this.#steps[at];
        if (step && "set" in step && holds(step.set, code)) this.#reach(step.next, next);
      }
      now = next;
    }
    return now;
  }

  /** Adds a step, and all that it leads to without a character, once a round. */
  #reach(first: number, into: number[]): void {
    const only = this.#steps[first];
    if (only && "set" in only) {
      if (this.#reached[first] !== this.#round) into.push(first);
      this.#reached[first] = this.#round;
      return;
    }
    const open = [first];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#reached[at] === this.#round) continue;
      this.#reached[at] = this.#round;
      const step = this.#steps[at];
      if (!step || "set" in step || at === 0) into.push(at);
      else open.push(...step.ways);
    }
  }

  /** The first step of the expression, which leads to `next` at its end. */
  #build(expression: Expression, next: number): number {
    if ("set" in expression) return this.#add({ set: expression.set, next });
    if ("all" in expression) {
      let at = next;
      for (const part of expression.all.toReversed()) at = this.#build(part, at);
      return at;
    }
    if ("any" in expression) {
      return this.#add({ ways: expression.any.map((one) => this.#build(one, next)) });
    }
    const { repeat, least, most } = expression;
    let at = next;
    if (most === undefined) {
      const again: { ways: number[] } = { ways: [] };
      at = this.#add(again);
      again.ways.push(this.#build(repeat, at), next);
    } else {
      for (let i = least; i < most; i++) at = this.#add({ ways: [this.#build(repeat, at), next] });
    }
    for (let i = 0; i < least; i++) at = this.#build(repeat, at);
    return at;
  }

  #add(step: Step): number {
    if (this.#steps.length >= MAX_STEPS) throw new TooComplex(`a pattern has ${MAX_STEPS} steps at most`);
    return this.#steps.push(step) - 1;
  }
}

function holds(set: Ranges, code: number): boolean {
  for (let i = 0; i < set.length; i += 2) {
    if (code >= (set[i] as number) && code <= (set[i + 1] as number)) return true;
  }
  return false;
}
