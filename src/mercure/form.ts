import { Problem } from "../http/answer/problem.ts";

/** Names and values in their order. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** The most fields of a form or query. */
const MAX_FIELDS = 1000;
/** So many bytes are decoded in one step. */
const STEP_BYTES = 64 * 1024;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PLUS = 0x2b;
const PERCENT = 0x25;
const SPACE = 0x20;

/**
 * Parses `application/x-www-form-urlencoded` (URL, section 5.1), in steps. `URLSearchParams` would make
 * U+FFFD of what is no UTF-8, and nobody would know.
 *
 * @param tooMany the status of the refusal of too many fields: 413 for an update, 400 for a subscription.
 * @throws Problem 400 for what is no UTF-8, or `tooMany`.
 */
export function* parseForm(bytes: Uint8Array, tooMany: 400 | 413): Generator<void, Fields, void> {
  const fields: [string, string][] = [];
  let at = 0;
  while (at < bytes.length) {
    const found = bytes.indexOf(AMPERSAND, at);
    const end = found < 0 ? bytes.length : found;
    if (end > at) {
      if (fields.length === MAX_FIELDS) throw new Problem(tooMany, `a form has ${MAX_FIELDS} fields at most`);
      const field = bytes.subarray(at, end);
      const equals = field.indexOf(EQUALS);
      const name = equals < 0 ? field : field.subarray(0, equals);
      const value = equals < 0 ? new Uint8Array() : field.subarray(equals + 1);
      fields.push([textOf(yield* decoded(name)), textOf(yield* decoded(value))]);
      yield;
    }
    at = end + 1;
  }
  return fields;
}

/** The query of an address, without its question mark. @throws Problem 400. */
export function parseQuery(query: string): Generator<void, Fields, void> {
  return parseForm(Buffer.from(query), 400);
}

function* decoded(bytes: Uint8Array): Generator<void, Uint8Array, void> {
  if (!bytes.includes(PERCENT) && !bytes.includes(PLUS)) return bytes;
  const out = new Uint8Array(bytes.length);
  let length = 0;
  let next = STEP_BYTES;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    let value = byte === PLUS ? SPACE : byte;
    if (byte === PERCENT) {
      const high = digit(bytes[i + 1]);
      const low = digit(bytes[i + 2]);
      if (high >= 0 && low >= 0) {
        value = high * 16 + low;
        i += 2;
      }
    }
    out[length++] = value;
    if (i >= next) {
      next = i + STEP_BYTES;
      yield;
    }
  }
  return out.subarray(0, length);
}

/** The value of a hexadecimal digit; -1 for anything else. */
function digit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Problem(400, "a name or a value is not UTF-8");
  }
}

/** The first value under the name. */
export function firstOf(fields: Fields, name: string): string | undefined {
  return fields.find(([one]) => one === name)?.[1];
}
