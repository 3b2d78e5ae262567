import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeFrame, type Frame, FrameReader } from "../../src/nodes/frames.ts";
import { Line } from "../../src/nodes/line.ts";
import { until } from "../until.ts";

const frames = fc.array(
  fc.record({
    n: fc.nat(),
    body: fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("x\ny".repeat(5000))),
  }),
  { maxLength: 20 },
);

test("frames arrive as they were sent, in pieces of whatever length", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sent, lengths) => {
      const bytes = Buffer.concat(sent.map(({ n, body }) => encodeFrame({ n }, body)));
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + (lengths[i % lengths.length] ?? 1);
        // The runtime may use the memory of a piece again.
        read.push(...reader.read(Buffer.from(bytes.subarray(at, end))));
        at = end;
      }
      expect(read).toEqual(sent.map(({ n, body }) => ({ message: { n }, body: Buffer.from(body) })));
    }),
  );
});

test("a line to a socket that takes little brings all of it, in order, and says how much waits", async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.integer({ min: 1, max: 5000 }), async (sent, room) => {
      const taken: Buffer[] = [];
      const line = new Line({
        write(bytes) {
          const part = bytes.subarray(0, room);
          taken.push(Buffer.from(part));
          return part.length;
        },
        end() {},
      });
      const bytes = Buffer.concat(sent.map(({ n, body }) => encodeFrame({ n }, body)));
      for (const { n, body } of sent) line.send(encodeFrame({ n }, body));
      expect(line.waiting).toBe(bytes.length);
      await until(() => taken.length > 0 || bytes.length === 0);
      while (line.waiting > 0) line.drain();
      expect(Buffer.concat(taken).equals(bytes)).toBeTrue();
    }),
    { numRuns: 50 },
  );
});

test("what is no frame ends the line", () => {
  const ended: unknown[] = [];
  let closed = 0;
  const line = new Line({ write: (bytes) => bytes.length, end: () => closed++ });
  line.listener = { arrived() {}, ended: (error) => ended.push(error) };
  line.data(Buffer.from([0, 0, 0, 2, 0x7b, 0x0a]));
  expect([closed, ended.length]).toEqual([1, 1]);
  expect(ended[0]).toBeInstanceOf(SyntaxError);
});
