import { turn } from "../../timers.ts";
import { Problem } from "../answer/problem.ts";
import type { Incoming } from "./address.ts";
import { Deadlines } from "./deadlines.ts";
import { GrowingBytes } from "./growing-bytes.ts";

/** The longest that the runtime counts, in seconds; 0 is for ever. */
const MAX_RUNTIME_TIMEOUT = 255;

/** The runtime looks every so many seconds, and ends a connection by so much too early. */
const RUNTIME_TICK = 4;

/** What is still to come of a body that is refused. */
const NOT_WAITED_FOR = { connection: "close" };

export interface BodyLimits {
  readonly bytes: number;
  /** How long it may take to arrive, in ms; 0 for ever. */
  readonly timeout: number;
}

/**
 * The request's body, which must be declared as JSON.
 *
 * @throws Problem 415 when it is not; 413 when it is too large, 408 when it is too slow, 400 when
 * it breaks off.
 */
export function readJsonBytes(incoming: Incoming, limits: BodyLimits): Promise<Uint8Array> {
  // A cross-site form can't send this type, so it can't publish either.
  assertBodyHead(incoming, "application/json");
  return readBytes(incoming, limits);
}

/** The request's body, whatever it is. @throws Problem 413, 408 or 400, as {@link readJsonBytes} does. */
export function readBytes(
  { request, server }: Incoming,
  { bytes, timeout }: BodyLimits,
): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  const length = declared === null ? undefined : Number(declared);
  if (length !== undefined && length > bytes) throw tooLarge(bytes);
  // The runtime's own time-out, which ends a connection without a word (and over HTTP/2 or on a Unix
  // socket never does), is to come later than the timer here.
  const seconds = timeout > 0 ? Math.ceil(timeout / 1000) + RUNTIME_TICK : 0;
  server?.timeout(request, seconds <= MAX_RUNTIME_TIMEOUT ? seconds : 0);
  return within(timeout, length === undefined ? collect(request, bytes) : request.bytes());
}

async function collect(request: Request, limit: number): Promise<Uint8Array> {
  const bytes = new GrowingBytes();
  for await (const piece of piecesOf(request.body)) {
    if (bytes.length + piece.length > limit) throw tooLarge(limit);
    bytes.add(piece);
  }
  // By then the runtime has met trailer fields that were not announced, and has answered for itself.
  await turn();
  if (request.signal.aborted) throw new Problem(400, "the body has trailer fields, or its sender is gone");
  return bytes.take();
}

/**
 * The pieces of a body as they arrive. All that arrives in one turn is one piece: one for each chunk,
 * of which a sender can make one a byte, would keep the event loop busy for seconds.
 */
export async function* piecesOf(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body?.getReader();
  try {
    while (reader) {
      await turn();
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader?.cancel().catch(() => {});
  }
}

/** When bodies are late, by the time that they may take, in ms. */
const deadlines = new Map<number, Deadlines>();

/**
 * A body, when it has arrived. It is one promise, and no timer of its own: every event that is published
 * waits for this, and a race would take three more promises for each.
 *
 * @throws Problem 408 when it takes longer, 400 when it breaks off.
 */
function within(timeout: number, body: Promise<Uint8Array>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const waiting = timeout > 0 ? deadlinesAfter(timeout) : undefined;
    const deadline = waiting?.add(() => reject(tooSlow(timeout)));
    body.then(
      (bytes) => {
        if (deadline) waiting?.end(deadline);
        resolve(bytes);
      },
      (error: unknown) => {
        if (deadline) waiting?.end(deadline);
        reject(error instanceof Problem ? error : new Problem(400, "the body broke off"));
      },
    );
  });
}

function deadlinesAfter(timeout: number): Deadlines {
  const found = deadlines.get(timeout);
  if (found) return found;
  const made = new Deadlines(timeout);
  deadlines.set(timeout, made);
  return made;
}

function tooLarge(limit: number): Problem {
  // The connection stays open and the runtime throws the rest away as it comes: were it closed, a
  // client that is still sending would have a broken pipe instead of this answer.
  return new Problem(413, `a body here is ${limit} bytes at most`);
}

function tooSlow(timeout: number): Problem {
  return new Problem(408, `a body takes ${timeout / 1000} s at most`, { headers: NOT_WAITED_FOR });
}

/** @throws Problem 415 when the body is declared as something else, or compressed; 400 with trailer fields. */
export function assertBodyHead(incoming: Incoming, expected: string): void {
  const { type } = mediaTypeOf(incoming);
  if (type === expected) return;
  // What is longer is no type that anybody knows.
  const is = type === undefined || type.length > 100 ? "not declared" : `declared as ${type}`;
  throw new Problem(415, `the body is ${is}: send it with content-type: ${expected}`);
}

/** What a body is declared as, in lower case. */
interface MediaType {
  /** Undefined when it is not declared. */
  readonly type: string | undefined;
  readonly charset: string | undefined;
}

const JSON_TYPE: MediaType = { type: "application/json", charset: undefined };

/** @throws Problem 415 when the body is compressed; 400 with trailer fields. */
export function mediaTypeOf({ request: { headers } }: Incoming): MediaType {
  // The runtime passes the body on, and then answers 400 itself when it meets the fields.
  if (headers.has("trailer")) {
    throw new Problem(400, "a body with trailer fields is not taken", { headers: NOT_WAITED_FOR });
  }
  const coding = headers.get("content-encoding")?.trim().toLowerCase();
  if (coding && coding !== "identity") {
    // RFC 9110, section 15.5.16: what would be taken instead.
    throw new Problem(415, `send this as it is, not as ${coding}`, {
      headers: { "accept-encoding": "identity" },
    });
  }
  const declared = headers.get("content-type");
  // Most are declared so, and need not be taken apart.
  if (declared === JSON_TYPE.type) return JSON_TYPE;
  const given = declared?.toLowerCase();
  if (given === undefined || given === null) return { type: undefined, charset: undefined };
  return {
    type: given.split(";", 1)[0]?.trim(),
    charset: /;\s*charset="?([^\s;"]+)/.exec(given)?.[1],
  };
}
