import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Line, LineCutter, TOO_LONG } from "../../../src/http/request/json-lines.ts";

const LONGEST = 8;

test("however the bytes arrive, the lines are the same, and none is longer than it may be", () => {
  const piece = fc.stringMatching(/^[ab\n]{0,12}$/);
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const cutter = new LineCutter(LONGEST);
      const lines: Line[] = [];
      for (const text of pieces) lines.push(...cutter.cut(Buffer.from(text)));
      lines.push(...cutter.rest());

      const expected = pieces.join("").split("\n");
      // What comes after the last end is a line only if there is something.
      if (expected.at(-1) === "") expected.pop();
      expect(lines.map((line) => (line === TOO_LONG ? line : Buffer.from(line).toString()))).toEqual(
        expected.map((line) => (line.length > LONGEST ? TOO_LONG : line)),
      );
    }),
  );
});
