/** Stands for an element that is longer than it may be. */
export const TOO_LONG = Symbol("too long");

/** Whether the bytes, if they are JSON, are an array. */
export function isArray(bytes: Uint8Array): boolean {
  return bytes[beginningOf(bytes)] === OPEN_ARRAY;
}

/**
 * Cuts a JSON array's elements out of its bytes, one after the other, without parsing them: whether
 * they are JSON is for whoever parses each. Brackets, quotes and commas are told apart by the
 * bytes, since in UTF-8 they are part of no other character.
 *
 * @param longest in bytes
 * @throws SyntaxError when what is around the elements is no array.
 */
export function* cutArray(
  bytes: Uint8Array,
  longest: number,
): Generator<Uint8Array | typeof TOO_LONG, void, void> {
  if (!isArray(bytes)) throw new SyntaxError("it does not begin with [");
  let start = skipSpace(bytes, beginningOf(bytes) + 1);
  if (bytes[start] === CLOSE_ARRAY) return assertEnd(bytes, start + 1);
  for (;;) {
    const end = endOfElement(bytes, start, longest);
    if (end === undefined) {
      yield TOO_LONG;
      return;
    }
    yield bytes.subarray(start, end);
    if (bytes[end] === CLOSE_ARRAY) return assertEnd(bytes, end + 1);
    if (bytes[end] !== COMMA) throw new SyntaxError("the array has no end");
    start = skipSpace(bytes, end + 1);
  }
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
  for (let i = start + 1; i < limit; i++) {
    const byte = bytes[i];
    if (byte === BACKSLASH) i++;
    else if (byte === QUOTE) return i;
  }
  return limit;
}

function assertEnd(bytes: Uint8Array, end: number): void {
  if (skipSpace(bytes, end) < bytes.length) throw new SyntaxError("there is more after the array");
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

/** Where the value begins. Readers may leave a byte order mark out of account (RFC 8259, section 8.1). */
function beginningOf(bytes: Uint8Array): number {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return skipSpace(bytes, hasMark ? 3 : 0);
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
