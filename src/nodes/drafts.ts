import { Type } from "@sinclair/typebox";
import type { Draft } from "../log/entry.ts";
import type { Batch } from "../log/store.ts";
import { checker } from "./messages.ts";

/** Its id, type, topics, recipients, flags and `retry`. */
const Head = Type.Tuple([
  Type.Union([Type.String(), Type.Null()]),
  Type.Union([Type.String(), Type.Null()]),
  Type.Array(Type.String()),
  Type.Integer(),
  Type.Integer(),
  Type.Union([Type.Integer(), Type.Null()]),
]);
type Head = typeof Head.static;
const checkHeads = checker(Type.Array(Head));

const FLAGS = { private: 1, retain: 2, text: 4, end: 8 } as const;

/** A draft, and how many clients it is for. */
export interface CountedDraft extends Draft {
  readonly recipients: number;
}

/** The drafts of several batches as text: a line of JSON with all but their data, and a line of JSON each. */
export function encodeDrafts(batches: readonly Batch[]): string {
  const heads: Head[] = [];
  let data = "";
  for (const { drafts, recipients } of batches) {
    for (const [i, draft] of drafts.entries()) {
      heads.push(headOf(draft, recipients[i] ?? 0));
      data += `\n${draft.json}`;
    }
  }
  return JSON.stringify(heads) + data;
}

function headOf(draft: Draft, recipients: number): Head {
  const { id = null, type = null, topics, retry = null } = draft;
  const flags =
    (draft.private ? FLAGS.private : 0) |
    (draft.retain ? FLAGS.retain : 0) |
    (draft.text ? FLAGS.text : 0) |
    (draft.end ? FLAGS.end : 0);
  return [id, type, [...topics], recipients, flags, retry];
}

/** The drafts again. @throws TypeError, SyntaxError when the text is none of these. */
export function decodeDrafts(text: string): CountedDraft[] {
  const lines = text.split("\n");
  const heads = checkHeads(JSON.parse(lines[0] ?? ""));
  if (lines.length !== heads.length + 1) throw new TypeError("drafts without data, or data without drafts");
  return heads.map(([id, type, topics, recipients, flags, retry], i) => ({
    id: id ?? undefined,
    type: type ?? undefined,
    json: lines[i + 1] ?? "",
    text: (flags & FLAGS.text) !== 0,
    topics,
    retry: retry ?? undefined,
    private: (flags & FLAGS.private) !== 0,
    retain: (flags & FLAGS.retain) !== 0,
    end: (flags & FLAGS.end) !== 0,
    recipients,
  }));
}
