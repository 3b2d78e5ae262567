import { MAX_DEPTH, NestingError } from "../../events/exact-json.ts";

// JSON cut into parts by its bytes, which costs a fraction of parsing it. Brackets, quotes and commas
// are told apart by the bytes, since in UTF-8 they are part of no other character.

// One for all: it keeps nothing from one whole text to the next. A mark in the middle stays, and is no JSON.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws SyntaxError when the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SyntaxError("it is not UTF-8");
  }
}

/** The bytes after a byte order mark, which readers may leave out of account (RFC 8259, section 8.1). */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}

/** Stands for an element that is longer than it may be. */
export const TOO_LONG = Symbol("too long");

/** Whether the bytes, if they are JSON, are an array. */
export function isArray(bytes: Uint8Array): boolean {
  return bytes[beginningOf(bytes)] === OPEN_ARRAY;
}

/** A part of a JSON array: an element, or several small ones with what is between them. */
export interface ArrayPart {
  readonly bytes: Uint8Array;
  /** How many elements there are in it. */
  readonly count: number;
}

/**
 * Cuts a JSON array into parts by its bytes, one after the other, without parsing them: whether they
 * are JSON is for whoever parses each.
 *
 * @param longest an element's length at most
 * @param small elements shorter than this may share a part
 * @param partSize the length from which a part is full. All in bytes.
 * @throws SyntaxError when what is around the elements is no array.
 */
export function* cutArray(
  bytes: Uint8Array,
  longest: number,
  small = 0,
  partSize = 0,
): Generator<ArrayPart | typeof TOO_LONG, void, void> {
  if (!isArray(bytes)) throw new SyntaxError("it does not begin with [");
  let start = skipSpace(bytes, beginningOf(bytes) + 1);
  if (bytes[start] === CLOSE_ARRAY) return assertEnd(bytes, start + 1);
  /** The small elements that wait for others: where they begin and end, and how many they are. */
  let first = start;
  let last = start;
  let count = 0;
  for (;;) {
    const end = endOfElement(bytes, start, longest);
    const isSmall = end !== undefined && end - start < small;
    if (count > 0 && (!isSmall || end - first > partSize)) {
      yield { bytes: bytes.subarray(first, last), count };
      count = 0;
    }
    if (end === undefined) {
      yield TOO_LONG;
      return;
    }
    if (count === 0) first = start;
    last = end;
    count++;
    const isLast = bytes[end] === CLOSE_ARRAY;
    if (!isSmall || isLast) {
      yield { bytes: bytes.subarray(first, last), count };
      count = 0;
    }
    if (isLast) return assertEnd(bytes, end + 1);
    if (bytes[end] !== COMMA) throw new SyntaxError("the array has no end");
    start = skipSpace(bytes, end + 1);
  }
}

/** The elements of a part, one by one. */
export function* cutElements({ bytes, count }: ArrayPart): Generator<Uint8Array, void, void> {
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = endOfElement(bytes, start, bytes.length) ?? bytes.length;
    yield bytes.subarray(start, end);
    start = skipSpace(bytes, end + 1);
  }
}

/** How many members are told of: more than any object has that this hub takes. */
const MAX_MEMBERS = 100;

/** How much of a text is parsed at once, in bytes: less than a millisecond's work, or a little more. */
const PART_BYTES = 64 * 1024;

/**
 * The members of a large JSON object as JSON texts without white space between tokens, in the order
 * in which they came. It checks the text part by part, and yields after each; it makes no values of
 * them. Numbers, escapes and names that come twice stay as they are. Of many members, the first are
 * told. Undefined for what is no object.
 *
 * @param partSize in bytes
 *
 * @throws SyntaxError when it is not JSON, in UTF-8; NestingError when it is nested too deeply.
 */
export function* membersOf(
  bytes: Uint8Array,
  partSize = PART_BYTES,
): Generator<void, Map<string, string> | undefined, void> {
  const members = new Map<string, string>();
  /** The text without white space, and how much of it there is. */
  const dense = new Uint8Array(bytes.length);
  let length = 0;
  /** The brackets that are open. */
  const open: number[] = [];
  /** Where the part begins that has yet to be checked, and the brackets that were open there. */
  let part = beginningOf(bytes);
  let openAtPart: number[] = [];
  /** In the dense text, where the name and the value of the outermost object's present member are. */
  let name = 0;
  let value = 0;

  const keepMember = () => {
    if (value <= name) throw misplaced(COMMA);
    const key: unknown = JSON.parse(textOf(dense.subarray(name, value - 1)));
    if (members.size < MAX_MEMBERS) members.set(String(key), textOf(dense.subarray(value, length)));
  };
  const isObject = bytes[part] === OPEN_OBJECT;
  for (let i = part; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (isSpace(byte)) continue;
    if (byte === QUOTE) {
      const end = Math.min(endOfString(bytes, i, bytes.length), bytes.length - 1);
      dense.set(bytes.subarray(i, end + 1), length);
      length += end + 1 - i;
      i = end;
      continue;
    }
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (open.push(byte) > MAX_DEPTH) throw new NestingError();
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (isObject && open.length === 1 && value > name) keepMember();
      if (open.pop() !== (byte === CLOSE_ARRAY ? OPEN_ARRAY : OPEN_OBJECT)) throw misplaced(byte);
    } else if (byte === COMMA) {
      if (open.length === 0) throw misplaced(byte);
      if (isObject && open.length === 1) keepMember();
    }
    dense[length++] = byte;
    if (isObject && open.length === 1) {
      if (byte === COLON) value = length;
      else if (byte === COMMA || byte === OPEN_OBJECT) name = length;
    }
    if (byte !== COMMA || i - part < partSize) continue;
    checkPart(bytes.subarray(part, i), openAtPart, open);
    part = skipSpace(bytes, i + 1);
    const next = bytes[part];
    const before = dense[length - 2];
    // The brackets put around each part would hide that a value is missing.
    if (before === OPEN_ARRAY || before === OPEN_OBJECT) throw misplaced(byte);
    if (next === CLOSE_ARRAY || next === CLOSE_OBJECT || next === COMMA) throw misplaced(byte);
    openAtPart = [...open];
    yield;
  }
  if (open.length > 0) throw new SyntaxError("it breaks off");
  checkPart(bytes.subarray(part), openAtPart, open);
  return isObject ? members : undefined;
}
/** @throws SyntaxError when the part is not JSON between these brackets. */
function checkPart(bytes: Uint8Array, openBefore: readonly number[], openAfter: readonly number[]): void {
  let before = "";
  for (const [i, bracket] of openBefore.entries()) {
    // Of the brackets around, all but the last are followed by the next one.
    before += bracket === OPEN_ARRAY ? "[" : i < openBefore.length - 1 ? '{"":' : "{";
  }
  let after = "";
  for (const bracket of openAfter) after = (bracket === OPEN_ARRAY ? "]" : "}") + after;
  JSON.parse(before + textOf(bytes) + after);
}

function misplaced(byte: number): SyntaxError {
  return new SyntaxError(`a ${String.fromCharCode(byte)} stands where none can`);
}

/** The place of the comma or bracket after the element; the end of the bytes if there is none. */
function endOfElement(bytes: Uint8Array, start: number, longest: number): number | undefined {
  const limit = Math.min(bytes.length, start + longest + 1);
  let depth = 0;
  for (let i = start; i < limit; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) i = endOfString(bytes, i, limit);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (depth === 0) return i;
      depth--;
    } else if (byte === COMMA && depth === 0) return i;
  }
  return limit < bytes.length ? undefined : bytes.length;
}

/** The place of the quote that ends the string which begins there; the limit if none does. */
function endOfString(bytes: Uint8Array, start: number, limit: number): number {
  // The runtime's search looks at many bytes at once.
  let quote = bytes.indexOf(QUOTE, start + 1);
  while (quote !== -1 && quote < limit && isEscaped(bytes, start + 1, quote)) {
    quote = bytes.indexOf(QUOTE, quote + 1);
  }
  return quote === -1 ? limit : Math.min(quote, limit);
}

/** Whether a backslash makes the byte a part of the string that begins at the start. */
function isEscaped(bytes: Uint8Array, start: number, end: number): boolean {
  let i = end;
  while (i > start && bytes[i - 1] === BACKSLASH) i--;
  return (end - i) % 2 === 1;
}

function assertEnd(bytes: Uint8Array, end: number): void {
  if (skipSpace(bytes, end) < bytes.length) throw new SyntaxError("there is more after the array");
}

/** Where the value begins. */
function beginningOf(bytes: Uint8Array): number {
  return skipSpace(bytes, bytes.length - withoutMark(bytes).length);
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let i = start;
  while (i < bytes.length && isSpace(bytes[i])) i++;
  return i;
}

/** JSON's white space (RFC 8259, section 2). */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
