/**
 * The bytes of an event stream: WHATWG HTML, section 9.2.5 "Parsing an event stream" and 9.2.6
 * "Interpreting an event stream".
 */

const encoder = new TextEncoder();

// A stream's reader ends a line at CR, LF or CRLF. NUL ends nothing, but makes a reader drop an id.
const LINE_END = /\r\n|\r|\n/;
const FORGES = /[\r\n\0]/;
// Some readers, such as those that cut lines by Python's `splitlines`, take these for line ends too.
const SEPARATOR = /[\u0085\u2028\u2029]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  "\u0085": "\\u0085",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** The type that a reader sees of an event without one: WHATWG HTML, section 9.2.6. */
export const DEFAULT_TYPE = "message";

/** The fields of one frame. */
export interface FrameFields {
  /** Becomes the reader's last event id; without it the reader keeps the one it has. */
  readonly id?: string | undefined;
  /** The event's type; without it the reader sees {@link DEFAULT_TYPE}. */
  readonly event?: string | undefined;
  /** Milliseconds that the reader waits before it reconnects; an integer ≥ 0. */
  readonly retry?: number | undefined;
  /** Text of any number of lines; the reader sees each line end as LF. */
  readonly data: string;
}

/**
 * One event as bytes, ready to be written to any number of streams.
 *
 * @throws RangeError when `id` or `event` has a line end or a NUL, or `retry` is not an integer ≥ 0:
 * no caller may forge a field or a frame.
 */
export function encodeFrame({ id, event, retry, data }: FrameFields): Uint8Array<ArrayBuffer> {
  let text = id === undefined ? "" : `id: ${oneLine(id)}\n`;
  if (event !== undefined && event !== DEFAULT_TYPE) text += `event: ${oneLine(event)}\n`;
  if (retry !== undefined) text += retryField(retry);
  if (data.includes("\n") || data.includes("\r")) {
    for (const line of data.split(LINE_END)) text += `data: ${line}\n`;
  } else {
    text += `data: ${data}\n`;
  }
  return encoder.encode(`${text}\n`);
}

/** The fields of one frame whose data is JSON. */
export interface JsonFrameFields extends Omit<FrameFields, "data"> {
  /** JSON text. */
  readonly json: string;
}

/** {@link encodeFrame} of JSON. U+0085, U+2028 and U+2029, which are rare, become JSON escapes. */
export function encodeJsonFrame({ json, ...fields }: JsonFrameFields): Uint8Array<ArrayBuffer> {
  return encodeFrame({
    ...fields,
    data: json.replace(SEPARATOR, (character) => ESCAPES[character] ?? character),
  });
}

/** An `id` field alone: it moves the reader's cursor and dispatches nothing. */
export function encodeId(id: string): Uint8Array {
  return encoder.encode(`id: ${oneLine(id)}\n\n`);
}

/**
 * A `retry` field alone: it sets the reader's waiting time. No empty line follows, of which some
 * readers would make an empty event.
 */
export function encodeRetry(milliseconds: number): Uint8Array<ArrayBuffer> {
  return encoder.encode(retryField(milliseconds));
}

/**
 * A comment, which readers ignore; it shows both ends that the connection lives. No empty line
 * follows, of which some readers would make an empty event.
 */
export const KEEP_ALIVE: Uint8Array = encoder.encode(": keepalive\n");

/** A comment of one line. @throws RangeError when it has a line end or a NUL. */
export function encodeComment(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`: ${oneLine(text)}\n`);
}

/** Frames one after the other. A single one is handed back as it is. */
export function joinFrames<B extends ArrayBufferLike>(
  frames: readonly Uint8Array<B>[],
): Uint8Array<B> | Uint8Array<ArrayBuffer> {
  const [only] = frames;
  if (only && frames.length === 1) return only;
  let length = 0;
  for (const frame of frames) length += frame.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const frame of frames) {
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

function oneLine(text: string): string {
  if (FORGES.test(text)) throw new RangeError("a field of a frame can't hold a line end or NUL");
  return text;
}

function retryField(milliseconds: number): string {
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw new RangeError("retry is a whole number of milliseconds");
  }
  return `retry: ${milliseconds}\n`;
}
