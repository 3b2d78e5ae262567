import { EventBatch } from "../../events/event-input.ts";
import {
  type ExactJson,
  isNestedTooDeeply,
  MAX_DEPTH,
  MIN_DEEP_LENGTH,
  parseShallow,
} from "../../events/exact-json.ts";
import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import { type Draft, lastingTopics } from "../../log/entry.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { notJson, parseJson } from "../request/json.ts";
import {
  type ArrayPart,
  cutArray,
  cutElements,
  isArray,
  membersOf,
  TOO_LONG,
  textOf,
  withoutMark,
} from "../request/json-bytes.ts";
import { type Checked, checkInSteps, checkParsed } from "./check-event.ts";

const MAX_EVENTS = EventBatch.maxItems ?? Number.POSITIVE_INFINITY;

/**
 * The most topics on which the events of a batch become current or end: each is looked up and kept by itself, in
 * one step with the others.
 */
const MAX_LASTING_TOPICS = 10_000;

/** Small events are parsed together until they are this long, in bytes: some tenths of a millisecond's work. */
const PARSED_TOGETHER = 32 * 1024;

/**
 * The events of a batch's body, in steps. They are cut out of it before they are parsed, large ones
 * one by one; after one too many, nothing more is looked at.
 *
 * @throws Problem 400 when it is not JSON, 413 when an event is too large, 422 with every failing path.
 */
export function* readBatch(hub: Hub, bytes: Uint8Array): Generator<void, Draft[], void> {
  const { maxEvent } = hub.limits;
  const { maxLasting = MAX_LASTING_TOPICS } = hub.broker.log.store;
  const few = bytes.length <= Math.min(PARSED_TOGETHER, maxEvent) ? readFew(hub, bytes) : undefined;
  if (few && few.reduce((sum, draft) => sum + lastingTopics(draft), 0) <= maxLasting) return few;
  if (!isArray(bytes)) {
    if (bytes.length <= maxEvent) yield* assertJson(bytes);
    throw unprocessable([{ path: "", message: "Expected array; a single event goes to the route publish" }]);
  }
  const drafts: Draft[] = [];
  const violations: Violation[] = [];
  let count = 0;
  let lasting = 0;
  try {
    for (const part of cutArray(bytes, maxEvent, MIN_DEEP_LENGTH, PARSED_TOGETHER)) {
      if (part === TOO_LONG) throw new Problem(413, `/${count}: an event here is ${maxEvent} bytes at most`);
      const first = count;
      count += part.count;
      if (count > MAX_EVENTS) {
        throw unprocessable([{ path: "", message: `Expected at most ${MAX_EVENTS} events` }]);
      }
      const found =
        part.count > 1
          ? checkTogether(hub, part, first)
          : [yield* checkInSteps(hub, part.bytes, `/${first}`)];
      for (const checked of found) {
        if ("draft" in checked) {
          drafts.push(checked.draft);
          lasting += lastingTopics(checked.draft);
        } else if (violations.length < MAX_VIOLATIONS) violations.push(...checked.violations);
      }
      if (lasting > maxLasting) {
        const message = `Expected at most ${maxLasting} topics in all events with retain or end`;
        throw unprocessable([{ path: "", message }]);
      }
      if (violations.length >= MAX_VIOLATIONS) break;
      yield;
    }
  } catch (error) {
    throw notJson(error);
  }
  if (violations.length > 0) throw unprocessable(violations);
  return drafts;
}

/**
 * The events of a short batch in one step, without cutting it, which takes as long as parsing it.
 * Undefined when anything is wrong: where, shows when it is cut.
 */
function readFew(hub: Hub, bytes: Uint8Array): Draft[] | undefined {
  const drafts: Draft[] = [];
  try {
    const { value, exact } = parseShallow(textOf(withoutMark(bytes)));
    if (!Array.isArray(value) || !Array.isArray(exact) || value.length > MAX_EVENTS) return undefined;
    for (let i = 0; i < value.length; i++) {
      const checked = checkParsed(hub, { value: value[i], exact: exact[i] }, "");
      // An event is one level around its data.
      if ("violations" in checked || isNestedTooDeeply(checked.draft.json, MAX_DEPTH - 1)) return undefined;
      drafts.push(checked.draft);
    }
  } catch {
    return undefined;
  }
  return drafts;
}

/** Checks several small events, of which this is the first. @throws Problem 400 when one is not JSON. */
function checkTogether(hub: Hub, part: ArrayPart, first: number): Checked[] {
  return parseTogether(part, first).map((event, i) => checkParsed(hub, event, `/${first + i}`));
}

function parseTogether(part: ArrayPart, first: number): ExactJson[] {
  try {
    const { value, exact } = parseShallow(`[${textOf(part.bytes)}]`);
    if (Array.isArray(value) && Array.isArray(exact)) {
      return value.map((one, i) => ({ value: one, exact: exact[i] }));
    }
  } catch {
    // Which of them is not JSON shows when each is parsed alone.
  }
  return [...cutElements(part)].map((bytes, i) => parseJson(bytes, `/${first + i}`));
}

/** @throws Problem 400 when it is not JSON. */
function* assertJson(bytes: Uint8Array): Generator<void, void, void> {
  try {
    yield* membersOf(bytes);
  } catch (error) {
    throw notJson(error);
  }
}
