import { createHash } from "node:crypto";

// The file's own fields are little-endian (<mach-o/loader.h>), the signature's big-endian
// (XNU, osfmk/kern/cs_blobs.h).
const HEADER_BYTES = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const CODE_DIRECTORY_BYTES = 88;
/** The version of the code directory that has an executable segment. */
const VERSION = 0x20400;
const AD_HOC = 2;
const SHA_256 = 2;
const HASH_BYTES = 32;
const PAGE_BITS = 12;
const PAGE_BYTES = 2 ** PAGE_BITS;
const MAIN_BINARY = 1n;

interface Command {
  readonly at: number;
  readonly kind: number;
}

function* commands(file: Buffer): Generator<Command> {
  let at = HEADER_BYTES;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    yield { at, kind: file.readUInt32LE(at) };
    at += file.readUInt32LE(at + 4);
  }
}

function find(file: Buffer, kind: number, segment?: string): number {
  for (const command of commands(file)) {
    if (command.kind !== kind) continue;
    const name = file.toString("latin1", command.at + 8, command.at + 24).replace(/\0+$/, "");
    if (segment === undefined || name === segment) return command.at;
  }
  throw new Error(`no Mach-O load command 0x${kind.toString(16)} ${segment ?? ""}`);
}

/**
 * Signs a 64-bit Mach-O executable ad hoc, in place of the signature at its end: macOS kills a
 * program whose pages are not the ones that were signed.
 *
 * @throws Error when it is none, or has no signature.
 */
export function signMachO(unsigned: Buffer, identifier: string): Buffer {
  const signature = find(unsigned, LC_CODE_SIGNATURE);
  const text = find(unsigned, LC_SEGMENT_64, "__TEXT");
  const linkEdit = find(unsigned, LC_SEGMENT_64, "__LINKEDIT");
  const limit = unsigned.readUInt32LE(signature + 8);
  const pages = Math.ceil(limit / PAGE_BYTES);
  const identifierBytes = Buffer.from(`${identifier}\0`);
  const hashesAt = CODE_DIRECTORY_BYTES + identifierBytes.length;
  const directoryAt = 20;
  const length = directoryAt + hashesAt + pages * HASH_BYTES;

  const file = Buffer.alloc(limit + length);
  unsigned.copy(file, 0, 0, limit);
  // These are on a page that is signed.
  file.writeUInt32LE(length, signature + 12);
  const linkEditBytes = BigInt(file.length) - file.readBigUInt64LE(linkEdit + 40);
  file.writeBigUInt64LE((linkEditBytes + 0x3fffn) & ~0x3fffn, linkEdit + 32);
  file.writeBigUInt64LE(linkEditBytes, linkEdit + 48);

  const blob = file.subarray(limit);
  for (const [i, value] of [SUPER_BLOB, length, 1, 0, directoryAt].entries())
    blob.writeUInt32BE(value, 4 * i);
  const directory = blob.subarray(directoryAt);
  const fields = [
    CODE_DIRECTORY,
    length - directoryAt,
    VERSION,
    AD_HOC,
    hashesAt,
    CODE_DIRECTORY_BYTES,
    0,
    pages,
    limit,
  ];
  for (const [i, value] of fields.entries()) directory.writeUInt32BE(value, 4 * i);
  directory.set([HASH_BYTES, SHA_256, 0, PAGE_BITS], 36);
  directory.writeBigUInt64BE(file.readBigUInt64LE(text + 40), 64);
  directory.writeBigUInt64BE(file.readBigUInt64LE(text + 48), 72);
  directory.writeBigUInt64BE(MAIN_BINARY, 80);
  identifierBytes.copy(directory, CODE_DIRECTORY_BYTES);
  for (let page = 0; page < pages; page++) {
    const end = Math.min((page + 1) * PAGE_BYTES, limit);
    const hash = createHash("sha256")
      .update(file.subarray(page * PAGE_BYTES, end))
      .digest();
    hash.copy(directory, hashesAt + page * HASH_BYTES);
  }
  return file;
}
