import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { overlaps } from "../topics/overlap.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { prefixOf } from "../topics/topic.ts";
import type { Client } from "./client.ts";
import { patternsOf } from "./interest.ts";

/** A subject, and the topics that its streams ask for. */
const Key = Type.Tuple([Type.String(), Type.Array(Type.String())]);
const checkKey = TypeCompiler.Compile(Key);

/** The streams of one subject that ask for the same topics, at all nodes. */
export interface Attendance {
  readonly key: string;
  readonly subject: string;
  readonly patterns: readonly string[];
  /** How many of them are at this node. */
  here: number;
  /** How many of them are at other nodes. */
  elsewhere: number;
  /** Whether those who watch have been told of it. */
  told: boolean;
  /** When it is over if it has no streams, in ms on the broker's clock. */
  leavesAt: number;
}

/** The key of a client's attendance; undefined for a client without a subject. */
export function attendanceKey({ about: { subject }, subscription }: Client): string | undefined {
  if (subject === undefined) return undefined;
  const key: Static<typeof Key> = [subject, [...patternsOf(subscription.interest)]];
  return JSON.stringify(key);
}

/** Who has streams open, by subject, and for which topics. */
export class Roster {
  readonly #byKey = new Map<string, Attendance>();
  readonly #bySubject = new Map<string, Attendance[]>();
  readonly #byPattern = new PatternIndex<Attendance>();

  /** The attendance of a key; undefined for one without streams. */
  get(key: string): Attendance | undefined {
    return this.#byKey.get(key);
  }

  /** @throws TypeError when the key, which may be of another node, is none. */
  add(key: string): Attendance {
    const parts: unknown = JSON.parse(key);
    if (!checkKey.Check(parts)) throw new TypeError("a key of an attendance that is none");
    const [subject, patterns] = parts;
    const added = { key, subject, patterns, here: 0, elsewhere: 0, told: false, leavesAt: 0 };
    this.#byKey.set(key, added);
    const others = this.#bySubject.get(subject);
    if (others) others.push(added);
    else this.#bySubject.set(subject, [added]);
    for (const pattern of patterns) this.#byPattern.add(pattern, added);
    return added;
  }

  remove(attendance: Attendance): void {
    const { key, subject, patterns } = attendance;
    attendance.told = false;
    this.#byKey.delete(key);
    const left = (this.#bySubject.get(subject) ?? []).filter((one) => one !== attendance);
    if (left.length > 0) this.#bySubject.set(subject, left);
    else this.#bySubject.delete(subject);
    for (const pattern of patterns) this.#byPattern.remove(pattern, attendance);
  }

  /** Whether a subject is at a topic, or at one of a pattern, as those who watch have been told. */
  isToldAt(subject: string, pattern: string): boolean {
    return (this.#bySubject.get(subject) ?? []).some((one) => one.told && isAt(one, pattern));
  }

  /** The attendances at a topic, or at one of a pattern; in steps. */
  *at(pattern: string): Generator<Attendance | undefined, void, void> {
    if (prefixOf(pattern) === undefined) {
      const found = new Set<Attendance>();
      this.#byPattern.find(pattern, (attendance) => found.add(attendance));
      yield* found;
      return;
    }
    for (const attendance of this.#byKey.values()) {
      yield isAt(attendance, pattern) ? attendance : undefined;
    }
  }
}

function isAt({ patterns }: Attendance, pattern: string): boolean {
  return patterns.some((one) => overlaps(one, pattern));
}
