import { integer, UnexpectedReply } from "./commands.ts";
import type { AppendAnswer, Counts, Epoch, HelloAnswer, NodeSeq } from "./engine.ts";
import type { NumberedLife } from "./life-chain.ts";

/** A current value, as Redis holds it. */
export interface StoredValue {
  /** Of its type and topic. See names.ts. */
  readonly key: string;
  readonly word: string;
  /** Its position. */
  readonly last: number;
  readonly keptAt: number;
  /** A block of this event alone; empty when the log has lost it. */
  readonly text: string;
}

/** The end of a topic, as Redis holds it. */
export interface StoredEnd {
  /** Of the topic. See names.ts. */
  readonly key: string;
  /** The position of its last event. */
  readonly position: number;
  /** Whether that event is private. */
  readonly private: boolean;
}

/** @throws UnexpectedReply */
export function helloAnswer(reply: readonly unknown[]): HelloAnswer {
  const state = reply[0];
  if (state === "elsewhere") return { state };
  const lives = records(reply[1]).map(
    ([number, word = "", first]): NumberedLife => ({ number: integer(number), word, first: integer(first) }),
  );
  const head = integer(reply[2]);
  if (state === "hearing" || state === "putting back") return { state, lives, head, end: integer(reply[3]) };
  if (state !== "open") throw new UnexpectedReply(reply);
  const epochs = records(reply[4]).map(
    ([number, after]): Epoch => ({ number: integer(number), after: integer(after) }),
  );
  const seqs = records(reply[6]).map(
    ([node = "", seq, last]): NodeSeq => ({ node, seq: integer(seq), last: integer(last) }),
  );
  const [tail, counts, replid] = [integer(reply[3]), countsOf(reply, 7), String(reply[5])];
  return { state, lives, head, tail, counts, epochs, replid, seqs };
}

/** @throws UnexpectedReply */
export function appendAnswer(reply: readonly unknown[]): AppendAnswer {
  const result = reply[0];
  switch (result) {
    case "hello":
    case "stale":
    case "changed":
      return { result };
    case "kept":
      return { result, last: integer(reply[1]), counts: countsOf(reply, 3) };
    case "ended":
      return { result, upTo: integer(reply[1]) };
    case "again":
      return { result, last: integer(reply[1]) };
    case "held": {
      const held = new Map<string, number>();
      for (let i = 1; i < reply.length; i += 2) held.set(String(reply[i]), integer(reply[i + 1]));
      return { result, held };
    }
    default:
      throw new UnexpectedReply(reply);
  }
}

/** The counts that a reply has from an index on. @throws UnexpectedReply */
export function countsOf(reply: readonly unknown[], from: number): Counts {
  const [first, count, bytes, valueBytes = 0, floor = 0, dropped = 0, endsFloor = 0, endsDropped = 0] = reply
    .slice(from, from + 8)
    .map(integer);
  if (first === undefined || count === undefined || bytes === undefined) throw new UnexpectedReply(reply);
  return { first, count, bytes, valueBytes, floor, dropped, endsFloor, endsDropped };
}

/** Undefined when the log is in a recovery. @throws UnexpectedReply */
export function valuesAnswer(reply: readonly unknown[]): readonly StoredValue[] | undefined {
  if (reply[0] !== "values") return undefined;
  return Array.from({ length: (reply.length - 1) / 5 }, (_, i) => {
    const [key, position, word, keptAt, text] = reply.slice(1 + 5 * i, 6 + 5 * i);
    const place = { last: integer(position), word: String(word), keptAt: integer(keptAt) };
    return { key: String(key), ...place, text: String(text) };
  });
}

/** Undefined when the log is in a recovery. @throws UnexpectedReply */
export function endsAnswer(reply: readonly unknown[]): readonly StoredEnd[] | undefined {
  if (reply[0] !== "ends") return undefined;
  return Array.from({ length: (reply.length - 1) / 3 }, (_, i) => {
    const [key, position, isPrivate] = reply.slice(1 + 3 * i, 4 + 3 * i);
    return { key: String(key), position: integer(position), private: integer(isPrivate) === 1 };
  });
}

/** The words of each record of `a b c;d e f`. */
function records(text: unknown): string[][] {
  if (typeof text !== "string") throw new UnexpectedReply(text);
  return text === "" ? [] : text.split(";").map((record) => record.split(" "));
}
