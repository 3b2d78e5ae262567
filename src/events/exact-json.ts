/** The deepest nesting of arrays and objects: far more than data needs, and easy for every parser. */
export const MAX_DEPTH = 512;

/** A text that is shorter than this can't be nested deeper: each level opens and closes. */
export const MIN_DEEP_LENGTH = 2 * MAX_DEPTH;

/** A text is nested deeper than {@link MAX_DEPTH}. */
export class NestingError extends Error {
  override readonly name = "NestingError";

  constructor() {
    super(`Expected at most ${MAX_DEPTH} levels of arrays and objects`);
  }
}

/** The value of a JSON text in two forms. They differ only where a number exceeds what JavaScript can hold. */
export interface ExactJson {
  /** The value as JavaScript parses it, for checks. */
  readonly value: unknown;
  /** The value with such numbers as raw JSON texts, so that JSON.stringify() writes them unchanged. */
  readonly exact: unknown;
}

/** Digits or an exponent that a double may not hold, also within strings. */
const PERHAPS_INEXACT = /[\d.]{16}|\d[eE][+-]?\d{3}/;
/** The same outside of strings. This search takes three times as long. */
const INEXACT = /(?:^|[[,:])\s*-?(?:[\d.]{16}|[\d.]+[eE][+-]?\d{3})/;

/**
 * Parses JSON without changing its numbers.
 *
 * @throws NestingError; SyntaxError when it is not JSON.
 */
export function parseExactly(text: string): ExactJson {
  if (isNestedTooDeeply(text)) throw new NestingError();
  return parseShallow(text);
}

/** The same for a text that can't be nested too deeply. */
export function parseShallow(text: string): ExactJson {
  const value: unknown = JSON.parse(text);
  // Ids and times within strings have as many digits, and a second parse costs the most.
  const inexact = PERHAPS_INEXACT.test(text) && INEXACT.test(text);
  return { value, exact: inexact ? JSON.parse(text, keepNumber) : value };
}

function keepNumber(_: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  return String(value) === source ? value : JSON.rawJSON(source);
}

/**
 * Whether a text is nested deeper than so many levels. Looks at the text, because a parser that fails deep
 * in the stack takes much time.
 */
export function isNestedTooDeeply(text: string, most = MAX_DEPTH): boolean {
  if (text.length <= 2 * most) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) depth++;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--;
    if (depth > most) return true;
  }
  return false;
}

/** The index of the quote that ends a string; the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}

// Character codes: comparing strings would take twice as long, and this reads every character.
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
