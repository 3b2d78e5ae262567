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
/** Begins a string that stands for such a number. It is random, so that no publisher's string begins so. */
const MARK = `${crypto.getRandomValues(new BigUint64Array(1))} `;

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
  // Ids and times within strings have as many digits.
  const marked = PERHAPS_INEXACT.test(text) ? withMarks(text) : text;
  return { value, exact: marked === text ? value : withoutMarks(JSON.parse(marked)) };
}

/**
 * The JSON text with a marked string for each number that a double does not hold. A reviver sees such
 * numbers, too. But it is called for every value, which takes many times as long as parsing.
 */
function withMarks(text: string): string {
  const parts: string[] = [];
  let rest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    if (code !== MINUS && !isDigit(code)) continue;
    const end = endOfNumber(text, i);
    const source = text.slice(i, end);
    if (PERHAPS_INEXACT.test(source) && String(Number(source)) !== source) {
      parts.push(text.slice(rest, i), `"${MARK}${source}"`);
      rest = end;
    }
    i = end - 1;
  }
  return rest === 0 ? text : parts.join("") + text.slice(rest);
}

/** The value with a raw JSON text in the place of each marked string. */
function withoutMarks(value: unknown): unknown {
  if (typeof value === "string" && value.startsWith(MARK)) return JSON.rawJSON(value.slice(MARK.length));
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = withoutMarks(value[i]);
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (typeof member === "string" || isObject(member)) value[name] = withoutMarks(member);
    }
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
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

/** The index after a number. */
function endOfNumber(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code) && code !== DOT && code !== PLUS && code !== MINUS && (code | LOWER) !== E) return i;
  }
  return text.length;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
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
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const E = 101;
/** The bit by which small letters differ from capital ones. */
const LOWER = 32;
const BACKSLASH = 92;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
