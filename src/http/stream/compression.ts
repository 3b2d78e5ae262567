import { constants, crc32, deflateRawSync } from "node:zlib";
import type { DisconnectListener, EventSink } from "../../broker/sink.ts";

/** A smaller chunk is passed on as it is, in the coding's own wrapping: there is nothing to gain. */
const WORTHWHILE_BYTES = 256;
/** A stored block that holds nothing: type 0, a length of 0 and its complement (RFC 1951, section 3.2.4). */
const EMPTY_BLOCK = Uint8Array.of(0, 0, 0, 0xff, 0xff);

/** The codings that a stream can have, the ones that cost least first. */
export const STREAM_CODINGS = ["zstd", "gzip"] as const;
export type StreamCoding = (typeof STREAM_CODINGS)[number];

/** A sink whose bytes go to the stream in this coding. */
export function compressing(coding: StreamCoding, stream: EventSink): EventSink {
  return coding === "zstd" ? new ZstdSink(stream) : new GzipSink(stream);
}

/**
 * Compresses what streams are sent: once for all, since each block refers to nothing before it and
 * so fits every stream. They are handed a chunk one after the other, so only the last is kept.
 *
 * No brotli: a block that stands alone can't be had from the runtime's encoder.
 */
export class SharedBlocks {
  readonly #compress: (chunk: Uint8Array) => Uint8Array;
  #buffer: ArrayBufferLike | undefined;
  // By where in the buffer they are: a large chunk comes in pieces.
  readonly #blocks = new Map<number, { readonly length: number; readonly block: Uint8Array }>();

  constructor(compress: (chunk: Uint8Array) => Uint8Array) {
    this.#compress = compress;
  }

  of(chunk: Uint8Array): Uint8Array {
    const { buffer, byteOffset, length } = chunk;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#blocks.clear();
    }
    const known = this.#blocks.get(byteOffset);
    if (known?.length === length) return known.block;
    const block = this.#compress(chunk);
    this.#blocks.set(byteOffset, { length, block });
    return block;
  }
}

/** What is the same in every coding. */
abstract class CodedSink implements EventSink {
  protected readonly stream: EventSink;

  constructor(stream: EventSink) {
    this.stream = stream;
  }

  abstract enqueue(chunk: Uint8Array): unknown;

  close(): void {
    this.stream.close();
  }

  abort(): void {
    this.stream.abort?.();
  }

  onDisconnect(listener: DisconnectListener): void {
    this.stream.onDisconnect?.(listener);
  }
}

/** RFC 8878: a stream is any number of frames, and each of these is one block of a stream. */
class ZstdSink extends CodedSink {
  static readonly #blocks = new SharedBlocks((chunk) =>
    chunk.length < WORTHWHILE_BYTES ? rawZstdFrame(chunk) : Bun.zstdCompressSync(chunk),
  );

  enqueue(chunk: Uint8Array): unknown {
    return this.stream.enqueue(ZstdSink.#blocks.of(chunk));
  }
}

/** RFC 1952: one member, since browsers read no more; its data is blocks of RFC 1951. */
class GzipSink extends CodedSink {
  /** Deflate, no flags, no time, system unknown. */
  static readonly #HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
  static readonly #blocks = new SharedBlocks((chunk) =>
    chunk.length < WORTHWHILE_BYTES
      ? storedBlock(chunk)
      : // This too ends in an empty stored block.
        deflateRawSync(chunk, { finishFlush: constants.Z_FULL_FLUSH }),
  );
  // Of all that was written, for the end of the member.
  #checksum = 0;
  #length = 0;

  constructor(stream: EventSink) {
    super(stream);
    stream.enqueue(GzipSink.#HEADER);
  }

  enqueue(chunk: Uint8Array): unknown {
    this.#checksum = crc32(chunk, this.#checksum);
    this.#length += chunk.length;
    return this.stream.enqueue(GzipSink.#blocks.of(chunk));
  }

  override close(): void {
    this.stream.enqueue(this.#end());
    super.close();
  }

  /** An empty last block, the checksum, and the length modulo 2³². */
  #end(): Uint8Array {
    const end = new Uint8Array(10);
    const view = new DataView(end.buffer);
    end[0] = 3;
    view.setUint32(2, this.#checksum, true);
    view.setUint32(6, this.#length, true);
    return end;
  }
}

/** A frame of one raw block, whose content is less than 256 bytes (RFC 8878, section 3.1.1). */
function rawZstdFrame(content: Uint8Array): Uint8Array {
  const { length } = content;
  const lastBlock = (length << 3) | 1;
  const frame = new Uint8Array(9 + length);
  frame.set([0x28, 0xb5, 0x2f, 0xfd, 0x20, length, lastBlock, lastBlock >> 8, 0]);
  frame.set(content, 9);
  return frame;
}

/**
 * A stored block, and an empty one after it: some inflaters, Go's for one, hold a block back until they
 * meet that or their window is full. The stream is at the start of a byte after each.
 */
function storedBlock(content: Uint8Array): Uint8Array {
  const { length } = content;
  const block = new Uint8Array(5 + length + EMPTY_BLOCK.length);
  block.set([0, length, length >> 8, ~length, ~length >> 8]);
  block.set(content, 5);
  block.set(EMPTY_BLOCK, 5 + length);
  return block;
}
