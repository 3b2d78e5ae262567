import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeFrame,
  encodeId,
  encodeJsonFrame,
  encodeRetry,
  joinFrames,
  KEEP_ALIVE,
} from "../../src/protocol/frame.ts";
import { eventId, hostileText, json, retry, typeName } from "./arbitrary.ts";
import { cut, read } from "./read.ts";

const frame = fc.record(
  {
    id: eventId,
    event: typeName,
    retry,
    data: json.map((value) => JSON.stringify(value)),
  },
  { requiredKeys: ["data"] },
);

test("what is encoded parses back to the same, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1 }), fc.array(fc.nat()), (frames, places) => {
      const found = read(cut(joinFrames(frames.map(encodeFrame)), places));
      expect(found.events).toEqual(frames.map(({ id, event, data }) => ({ id, event, data })));
      expect(found.retries).toEqual(frames.flatMap(({ retry }) => retry ?? []));
      expect(found.comments).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("it parses back when it comes byte by byte", () => {
  fc.assert(
    fc.property(frame, (fields) => {
      const bytes = encodeFrame(fields);
      const found = read(Array.from(bytes, (byte) => Uint8Array.of(byte)));
      expect(found.events).toEqual([{ id: fields.id, event: fields.event, data: fields.data }]);
    }),
    { numRuns: 500 },
  );
});

test("any text at all makes one frame with these fields, or none", () => {
  const fields = fc.record({ id: hostileText, event: hostileText, data: hostileText });
  const before = encodeFrame({ id: "before", data: "1" });
  const after = encodeFrame({ id: "after", data: "2" });
  fc.assert(
    fc.property(fields, fc.array(fc.nat()), ({ id, event, data }, places) => {
      const forges = /[\r\n\0]/.test(id + event);
      let encoded: Uint8Array;
      try {
        encoded = encodeFrame({ id, event, data });
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect(forges).toBeTrue();
        return;
      }
      expect(forges).toBeFalse();
      const found = read(cut(joinFrames([before, encoded, after]), places));
      const written = {
        id: id.toWellFormed(),
        event: event.toWellFormed() || undefined,
        data: data.toWellFormed().replaceAll(/\r\n?/g, "\n"),
      };
      expect(found).toEqual({
        events: [
          { id: "before", event: undefined, data: "1" },
          written,
          { id: "after", event: undefined, data: "2" },
        ],
        retries: [],
        comments: [],
      });
    }),
    { numRuns: 2000 },
  );
});

test("a waiting time is a whole number of milliseconds", () => {
  for (const retry of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => encodeRetry(retry)).toThrow(RangeError);
    expect(() => encodeFrame({ retry, data: "1" })).toThrow(RangeError);
  }
  expect(read([encodeRetry(0), encodeRetry(3000)])).toEqual({ events: [], retries: [0, 3000], comments: [] });
});

test("a keep-alive is a comment and nothing else", () => {
  expect(read([KEEP_ALIVE])).toEqual({ events: [], retries: [], comments: ["keepalive"] });
});

test("frames are joined in their order, a single one without a copy", () => {
  const [a, b] = [encodeFrame({ data: "a" }), encodeFrame({ data: "b" })];
  expect(new TextDecoder().decode(joinFrames([a, b]))).toBe("data: a\n\ndata: b\n\n");
  expect(joinFrames([a])).toBe(a);
  expect(joinFrames([])).toHaveLength(0);
});

test("the type `message` has no line of its own: a reader takes it for granted", () => {
  const text = new TextDecoder().decode(encodeFrame({ event: "message", data: "1" }));
  expect(text).toBe("data: 1\n\n");
});

test("separators in JSON are escaped, so that no reader takes them for line ends", () => {
  const value = { "a\u2028b": "\u2029\u2028", c: "\u0085" };
  const bytes = encodeJsonFrame({ event: "n", json: JSON.stringify(value) });
  expect(new TextDecoder().decode(bytes)).toBe(
    'event: n\ndata: {"a\\u2028b":"\\u2029\\u2028","c":"\\u0085"}\n\n',
  );
  expect(JSON.parse(read([bytes]).events[0]?.data ?? "")).toEqual(value);
});

test("an id alone moves the cursor and dispatches nothing; no frame can be forged with it", () => {
  expect(new TextDecoder().decode(encodeId("a"))).toBe("id: a\n\n");
  expect(read([encodeId("a"), encodeFrame({ data: "1" })]).events.map(({ data }) => data)).toEqual(["1"]);
  expect(() => encodeId("a\ndata: 1")).toThrow(RangeError);
});

test("keep-alives and waiting times are single lines, of which no reader makes an event", () => {
  for (const bytes of [KEEP_ALIVE, encodeRetry(5)]) {
    expect(new TextDecoder().decode(bytes)).toMatch(/^[^\n]+\n$/);
  }
});
