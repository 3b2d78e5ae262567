import type { Entry } from "../../log/entry.ts";
import type { ConsoleEvent } from "../../protocol/console-feed.ts";
import { DEFAULT_TYPE } from "../../protocol/frame.ts";

/** How much of an event's data the stream of them carries, in characters; the rest is asked for. */
const MOST_JSON = 2048;

/** The event for a list, where long data is cut short. */
export function summaryOf(entry: Entry): ConsoleEvent {
  const { id, type = DEFAULT_TYPE, topics, json, retry, recipients, keptAt } = entry;
  return {
    id,
    type,
    topics,
    json: json.length > MOST_JSON ? json.slice(0, MOST_JSON) : json,
    length: json.length,
    ...(retry !== undefined && { retry }),
    ...(entry.private && { private: true }),
    recipients,
    time: keptAt,
  };
}
