import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { signMachO } from "../../scripts/package/sign-mach-o.ts";

const LINK_EDIT_AT = 0x4000;
const SIGNATURE_AT = 0x6123;

/** A Mach-O executable with no more than what signing reads, and a stale signature at its end. */
function unsigned(): Buffer {
  const file = Buffer.alloc(SIGNATURE_AT + 500, 0xaa);
  file.fill(0, 0, 0x200);
  const segment = (at: number, name: string, offset: number, size: number) => {
    file.writeUInt32LE(0x19, at);
    file.writeUInt32LE(72, at + 4);
    file.write(name, at + 8, "latin1");
    file.writeBigUInt64LE(BigInt(offset), at + 40);
    file.writeBigUInt64LE(BigInt(size), at + 48);
  };
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(3, 16);
  segment(32, "__TEXT", 0, LINK_EDIT_AT);
  segment(104, "__LINKEDIT", LINK_EDIT_AT, file.length - LINK_EDIT_AT);
  for (const [i, value] of [0x1d, 16, SIGNATURE_AT, 500].entries()) file.writeUInt32LE(value, 176 + 4 * i);
  return file;
}

test("every page of the signed file, its header with them, is the one that was signed", () => {
  const signed = signMachO(unsigned(), "tidings");
  expect(signed.readUInt32LE(176 + 12)).toBe(signed.length - SIGNATURE_AT);
  expect(signed.readBigUInt64LE(104 + 48)).toBe(BigInt(signed.length - LINK_EDIT_AT));

  const blob = signed.subarray(SIGNATURE_AT);
  expect([blob.readUInt32BE(0), blob.readUInt32BE(4)]).toEqual([0xfade0cc0, blob.length]);
  const directory = blob.subarray(blob.readUInt32BE(16));
  const hashesAt = directory.readUInt32BE(16);
  expect(directory.toString("latin1", directory.readUInt32BE(20), hashesAt)).toBe("tidings\0");
  expect([directory.readUInt32BE(12), directory.readUInt32BE(32)]).toEqual([2, SIGNATURE_AT]);
  const pages = directory.readUInt32BE(28);
  expect(pages).toBe(Math.ceil(SIGNATURE_AT / 4096));
  expect(directory.length).toBe(hashesAt + 32 * pages);
  for (let page = 0; page < pages; page++) {
    const bytes = signed.subarray(page * 4096, Math.min((page + 1) * 4096, SIGNATURE_AT));
    const hash = createHash("sha256").update(bytes).digest("hex");
    expect(directory.toString("hex", hashesAt + 32 * page, hashesAt + 32 * (page + 1))).toBe(hash);
  }
});

test("signing again changes nothing; what is no such file is refused", () => {
  const signed = signMachO(unsigned(), "tidings");
  expect(signMachO(signed, "tidings")).toEqual(signed);
  expect(() => signMachO(Buffer.alloc(4096), "tidings")).toThrow("no Mach-O load command");
});
