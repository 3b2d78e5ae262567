/** Stands for a line that is longer than it may be. */
export const TOO_LONG = Symbol("too long");

/** One line's bytes, without the LF that ends it. */
export type Line = Uint8Array | typeof TOO_LONG;

const LF = 10;

/** Cuts bytes that arrive in pieces into lines, and never holds more than the longest line may be. */
export class LineCutter {
  readonly #longest: number;
  /** What has arrived of the line that is not complete. */
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @param longest in bytes */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that these bytes complete. */
  *cut(bytes: Uint8Array): Generator<Line, void, void> {
    let start = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      this.#keep(bytes.subarray(start, end));
      yield this.#take();
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  /** The last line, if it was not ended. */
  *rest(): Generator<Line, void, void> {
    if (this.#length > 0) yield this.#take();
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length <= this.#longest) this.#parts.push(part);
    else this.#parts = [];
  }

  #take(): Line {
    const parts = this.#parts;
    const line = this.#length > this.#longest ? TOO_LONG : (parts.length === 1 && parts[0]) || concat(parts);
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
