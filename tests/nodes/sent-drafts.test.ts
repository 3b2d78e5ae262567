import { expect, test } from "bun:test";
import { type Draft, isNamed, keptEntry } from "../../src/log/entry.ts";
import { encodeDrafts } from "../../src/nodes/drafts.ts";
import { isOf, SentDrafts } from "../../src/nodes/sent-drafts.ts";

const plain: Draft = {
  id: undefined,
  type: "t",
  json: '"ä"',
  text: false,
  topics: ["a", "b"],
  retry: undefined,
  private: false,
  retain: false,
  end: false,
};
const WORD = "bcdfghjkmnpq";

function sent(drafts: readonly Draft[], isPlain: boolean, count = drafts.length): SentDrafts {
  const recipients = drafts.map((_, i) => i);
  return new SentDrafts(Buffer.from(encodeDrafts([{ drafts, recipients }])), count, isPlain);
}

test("drafts that were sent become the entries that they would become where they were made", () => {
  for (const other of [plain, { ...plain, id: "x" }, { ...plain, retain: true }]) {
    const drafts = [plain, other];
    const all = sent(drafts, other === plain).all();
    for (const [i, draft] of drafts.entries()) {
      const entry = keptEntry(all[i] as Draft, WORD, 7 + i, 1000, i);
      const expected = keptEntry(draft, WORD, 7 + i, 1000, i);
      for (const name of ["position", "id", "recipients", "type", "json", "topics", "retain"] as const) {
        expect(entry[name]).toEqual(expected[name]);
      }
      expect(isNamed(entry)).toBe(isNamed(expected));
      expect(entry.frame).toEqual(expected.frame);
    }
  }
});

test("the text of plain drafts is not read to give them places", () => {
  // Only the first line is whole.
  const unread = new SentDrafts(Buffer.from("[3,4]\n["), 2, true);
  const entries = unread.all().map((draft, i) => keptEntry(draft, WORD, 1 + i, 1000, 0));
  const places = entries.map(({ position, id, recipients }) => ({ position, id, recipients }));
  expect(places).toEqual([
    { position: 1, id: `${WORD}-1`, recipients: 3 },
    { position: 2, id: `${WORD}-2`, recipients: 4 },
  ]);
  expect(() => entries[0]?.json).toThrow(SyntaxError);
});

test("an entry is told to be of its draft, and of no other", () => {
  const [one, two] = [sent([plain, plain], true).all(), sent([plain, { ...plain, id: "x" }], false).all()];
  const drafts = [...one, ...two];
  const entries = drafts.map((draft, i) => keptEntry(draft, WORD, 1 + i, 1000, 0));
  for (const [i, draft] of drafts.entries()) {
    expect(entries.map((entry) => isOf(entry, draft))).toEqual(entries.map((_, of) => of === i));
  }
});

test("other drafts than were announced are refused", () => {
  expect(() => sent([plain], true, 2).all()).toThrow(TypeError);
  expect(() => sent([{ ...plain, id: "x" }], false, 2).all()).toThrow(TypeError);
});
