/**
 * How messages go from one process to another over a stream of bytes, each with its length before it:
 *
 *     LENGTH (4 bytes, the highest first)
 *     the message, a line of JSON
 *     [the body]
 */
const LENGTH_BYTES = 4;

/** A message with what follows it. */
export interface Frame {
  readonly message: unknown;
  /** Empty for none; in UTF-8, if it is text. */
  readonly body: Buffer;
}

/** The message as bytes, to be written as often as there are others that it is for. */
export function encodeFrame(message: object, body: string | Uint8Array = ""): Uint8Array {
  const head = `${JSON.stringify(message)}\n`;
  const headLength = Buffer.byteLength(head);
  const length = headLength + Buffer.byteLength(body);
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(head, LENGTH_BYTES);
  if (typeof body === "string") bytes.write(body, LENGTH_BYTES + headLength);
  else bytes.set(body, LENGTH_BYTES + headLength);
  return bytes;
}

/** Finds the frames in what arrives, which comes in pieces of any length. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #length = 0;
  /** As many bytes make the next thing that can be read. */
  #needed = LENGTH_BYTES;

  /** The frames that are complete with this piece. @throws SyntaxError when one is no frame. */
  *read(piece: Buffer): Generator<Frame, void, void> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    // A long frame comes in many pieces: they are put together once.
    if (this.#length < this.#needed) return;
    let bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    this.#needed = LENGTH_BYTES;
    while (bytes.length >= LENGTH_BYTES) {
      this.#needed = LENGTH_BYTES + bytes.readUInt32BE(0);
      if (bytes.length < this.#needed) break;
      yield decode(bytes.subarray(LENGTH_BYTES, this.#needed));
      bytes = bytes.subarray(this.#needed);
      this.#needed = LENGTH_BYTES;
    }
    this.#pieces = bytes.length > 0 ? [bytes] : [];
    this.#length = bytes.length;
  }
}

function decode(bytes: Buffer): Frame {
  const end = bytes.indexOf(0x0a);
  return { message: JSON.parse(bytes.toString("utf8", 0, end)), body: bytes.subarray(end + 1) };
}
