import { GrowingBytes } from "./growing-bytes.ts";

/** Stands for a line that is longer than it may be. */
export const TOO_LONG = Symbol("too long");

/** One line's bytes, without the LF that ends it. */
export type Line = Uint8Array | typeof TOO_LONG;

const LF = 10;

/** Cuts bytes that arrive in pieces into lines, and never holds more than the longest line may be. */
export class LineCutter {
  readonly #longest: number;
  /** What has arrived of the line that is not complete… */
  readonly #line = new GrowingBytes();
  /** …unless it is too long. */
  #isTooLong = false;

  /** @param longest in bytes */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that these bytes complete. */
  *cut(bytes: Uint8Array): Generator<Line, void, void> {
    let start = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      yield this.#complete(bytes.subarray(start, end));
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  /** The last line, if it was not ended. */
  *rest(): Generator<Line, void, void> {
    if (this.#line.length > 0 || this.#isTooLong) yield this.#take();
  }

  #complete(end: Uint8Array): Line {
    const isWhole = this.#line.length === 0 && !this.#isTooLong && end.length <= this.#longest;
    if (isWhole) return end;
    this.#keep(end);
    return this.#take();
  }

  #keep(piece: Uint8Array): void {
    if (this.#isTooLong) return;
    this.#isTooLong = this.#line.length + piece.length > this.#longest;
    if (this.#isTooLong) this.#line.take();
    else this.#line.add(piece);
  }

  #take(): Line {
    const line = this.#line.take();
    if (!this.#isTooLong) return line;
    this.#isTooLong = false;
    return TOO_LONG;
  }
}
