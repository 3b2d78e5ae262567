import { type Expression, optional, type Ranges, repeated } from "./automaton.ts";

/** The text is no expression, or one with parts that can't be matched in linear time. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

const LAST = 0xffff;
const DIGITS: Ranges = [0x30, 0x39];
const WORD: Ranges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const SPACE: Ranges = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f,
  0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff,
];
const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGITS,
  D: without(DIGITS),
  w: WORD,
  W: without(WORD),
  s: SPACE,
  S: without(SPACE),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, "0": 0 };
/** The most repetitions that a pattern can count. */
const MAX_COUNT = 1000;

/** All characters but these. */
export function without(ranges: Ranges): Ranges {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] as number, ranges[i + 1] as number]);
  pairs.sort(([a], [b]) => a - b);
  const rest: number[] = [];
  let next = 0;
  for (const [first, last] of pairs) {
    if (first > next) rest.push(next, first - 1);
    next = Math.max(next, last + 1);
  }
  if (next <= LAST) rest.push(next, LAST);
  return rest;
}

/**
 * Reads a regular expression without captures: what URL patterns allow within parentheses, but for what
 * has no linear time (look-around, references back) or no use there (anchors, `\p`, set operations).
 *
 * @throws PatternError
 */
export function parseExpression(text: string): Expression {
  const parser = new ExpressionParser(text);
  const parsed = parser.alternatives();
  if (!parser.ended) throw new PatternError("a parenthesis is closed that was not opened");
  return parsed;
}

class ExpressionParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(): Expression {
    if (++this.#depth > 100) throw new PatternError("it is nested too deeply");
    const any = [this.#sequence()];
    while (this.#take("|")) any.push(this.#sequence());
    this.#depth--;
    const [only] = any;
    return only && any.length === 1 ? only : { any };
  }

  #sequence(): Expression {
    const all: Expression[] = [];
    while (!this.ended && this.#peek !== "|" && this.#peek !== ")") all.push(this.#quantified(this.#atom()));
    return { all };
  }

  #quantified(atom: Expression): Expression {
    let found = atom;
    if (this.#take("*")) found = repeated(atom, 0);
    else if (this.#take("+")) found = repeated(atom, 1);
    else if (this.#take("?")) found = optional(atom);
    else if (this.#peek === "{") found = this.#counted(atom);
    else return atom;
    // It changes which of several ways is taken, and not whether there is one.
    this.#take("?");
    return found;
  }

  #counted(atom: Expression): Expression {
    const [all, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(this.#text.slice(this.#at)) ?? [];
    if (all === undefined) throw new PatternError("{ counts repetitions");
    this.#at += all.length;
    const from = Number(least);
    const to = comma === "" ? from : most === "" ? undefined : Number(most);
    if (from > MAX_COUNT || (to !== undefined && (to > MAX_COUNT || to < from))) {
      throw new PatternError(`a pattern counts to ${MAX_COUNT}`);
    }
    return repeated(atom, from, to);
  }

  #atom(): Expression {
    const next = this.#next();
    if (next === "(") {
      if (!this.#take("?:")) throw new PatternError("of groups only (?:…) is taken");
      const group = this.alternatives();
      if (!this.#take(")")) throw new PatternError("a parenthesis is not closed");
      return group;
    }
    if (next === "[") return { set: this.#set() };
    if (next === ".") return { set: without([0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029]) };
    if (next === "\\") return { set: this.#escaped() };
    if ("^$*+?{}]".includes(next)) throw new PatternError(`${next} is not taken here`);
    const code = next.charCodeAt(0);
    return { set: [code, code] };
  }

  #set(): Ranges {
    const negated = this.#take("^");
    const ranges: number[] = [];
    while (!this.#take("]")) {
      const first = this.#member();
      if (first.length === 2 && first[0] === first[1] && this.#peek === "-") {
        this.#at++;
        const last = this.#member();
        if (last.length !== 2 || last[0] !== last[1] || (last[0] as number) < (first[0] as number)) {
          throw new PatternError("a range has a first and a last character");
        }
        ranges.push(first[0] as number, last[0] as number);
      } else {
        ranges.push(...first);
      }
    }
    return negated ? without(ranges) : ranges;
  }

  #member(): Ranges {
    const next = this.#next();
    if (next === "\\") return this.#escaped();
    // What a set of the flag v gives a meaning of its own.
    if ("()[]{}/-|".includes(next)) throw new PatternError(`${next} stands in a set as \\${next}`);
    if (next === this.#peek && "&!#$%*+,.:;<=>?@^`~".includes(next)) {
      throw new PatternError("operations on sets are not taken");
    }
    const code = next.charCodeAt(0);
    return [code, code];
  }

  #escaped(): Ranges {
    const next = this.#next();
    const known = Object.hasOwn(CLASSES, next) ? CLASSES[next] : undefined;
    if (known) return known;
    let code = Object.hasOwn(CONTROLS, next) ? CONTROLS[next] : undefined;
    if (next === "x") code = this.#hex(2);
    else if (next === "u") code = this.#hex(4);
    else if (code === undefined && /[a-zA-Z0-9]/.test(next)) throw new PatternError(`\\${next} is not taken`);
    code ??= next.charCodeAt(0);
    return [code, code];
  }

  #hex(length: number): number {
    const digits = this.#text.slice(this.#at, this.#at + length);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length) throw new PatternError("it is no number");
    this.#at += length;
    return Number.parseInt(digits, 16);
  }

  get #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #next(): string {
    const next = this.#text[this.#at++];
    if (next === undefined) throw new PatternError("it ends too early");
    return next;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}
