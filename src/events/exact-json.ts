/** How deep arrays and objects may be nested: far more than data is, and no strain for any reader. */
export const MAX_DEPTH = 512;

/** A text is nested deeper than {@link MAX_DEPTH}. */
export class NestingError extends Error {
  override readonly name = "NestingError";

  constructor() {
    super(`Expected at most ${MAX_DEPTH} levels of arrays and objects`);
  }
}

/** A JSON text's value twice: the same one, unless a number in it is more than JavaScript can hold. */
export interface ExactJson {
  /** As JavaScript has it, to be checked. */
  readonly value: unknown;
  /** With such numbers, a 64-bit integer for one, as raw JSON texts: written again as they came. */
  readonly exact: unknown;
}

/** Digits that a double may not hold, or an exponent that it may not; within strings as well. */
const PERHAPS_INEXACT = /[\d.]{16}|\d[eE][+-]?\d{3}/;
/** The same where a number may begin. It takes three times as long to find that there is none. */
const INEXACT = /(?:^|[[,:])\s*-?(?:[\d.]{16}|[\d.]+[eE][+-]?\d{3})/;

/**
 * Parses JSON without changing its numbers.
 *
 * @throws NestingError; SyntaxError when it is not JSON.
 */
export function parseExactly(text: string): ExactJson {
  if (isNestedTooDeeply(text)) throw new NestingError();
  const value: unknown = JSON.parse(text);
  // Ids and times within strings have as many digits, and parsing again is what costs most of all.
  const inexact = PERHAPS_INEXACT.test(text) && INEXACT.test(text);
  return { value, exact: inexact ? JSON.parse(text, keepNumber) : value };
}

function keepNumber(_: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  return String(value) === source ? value : JSON.rawJSON(source);
}

/** Told by the text: a parser that fails half way down has used up the stack, and much time. */
function isNestedTooDeeply(text: string): boolean {
  // Each level opens and closes.
  if (text.length < 2 * MAX_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) depth++;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** The place of the quote that ends the string which begins there; the text's end if none does. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}

// As codes: this reads every character of a large batch, and is half as fast with texts.
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
