import type { Entry } from "../../log/entry.ts";

/** How much of an event's data the stream of them carries, in characters; the rest is asked for. */
const MOST_JSON = 2048;

/** An event as the console lists it. */
export interface ConsoleEvent {
  readonly id: string;
  readonly type: string;
  readonly topics: readonly string[];
  /** The data as JSON text, cut short when it is long. */
  readonly json: string;
  /** How long the whole text is, in characters. */
  readonly length: number;
  readonly retry?: number;
  readonly private?: true;
  /** How many clients it was for when it was published. */
  readonly recipients: number;
  /** When it was kept, in Unix milliseconds by the hub's clock. */
  readonly time: number;
}

/** Some events in their order, as the feed sends them. */
export interface ConsoleEvents {
  /** They were held before the page came. */
  readonly backlog: boolean;
  readonly events: readonly ConsoleEvent[];
  /** How many more came before these, too many to show. */
  readonly skipped: number;
}

/** The event for a list, where long data is cut short. */
export function summaryOf(entry: Entry): ConsoleEvent {
  const { id, type, topics, json, retry, recipients, keptAt } = entry;
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
