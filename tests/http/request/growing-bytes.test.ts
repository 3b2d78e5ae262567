import { expect, test } from "bun:test";
import fc from "fast-check";
import { GrowingBytes } from "../../../src/http/request/growing-bytes.ts";

test("what was added is there, in order, and is not changed by what comes later", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (pieces) => {
      const bytes = new GrowingBytes();
      for (const piece of pieces) bytes.add(piece);
      const expected = Buffer.concat(pieces);
      expect(bytes.length).toBe(expected.length);
      const taken = bytes.take();
      expect(bytes.length).toBe(0);
      bytes.add(Buffer.from("later"));
      expect(Buffer.from(taken)).toEqual(expected);
    }),
  );
});

test("pieces of a byte take no more memory than their bytes", () => {
  const bytes = new GrowingBytes();
  for (let i = 0; i < 100_000; i++) bytes.add(new Uint8Array(1));
  expect(bytes.take().buffer.byteLength).toBeLessThanOrEqual(2 * 100_000);
});
