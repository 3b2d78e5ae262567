import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { turn } from "../timers.ts";
import { Filter, type Interest } from "./interest.ts";

/** How many events are read from the log at once. */
const READ_LIMIT = 256;
/** Few of them may match; the search for more ends here, and goes on with the next page. */
const SEARCH_LIMIT = 20_000;
/** A page is this large, or one event more. In characters of data. */
const PAGE_SIZE = 4 * 1024 * 1024;

/** Stored events, oldest first. */
export interface HistoryPage {
  readonly entries: readonly Entry[];
  /** The id after which the next page begins; undefined when there is nothing more by now. */
  readonly next: string | undefined;
}

/** The events after the position that the interest is for, `limit` at most. */
export async function readHistory(
  log: Log,
  interest: Interest,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<HistoryPage> {
  const filter = new Filter(interest);
  // The reader gets no id of an event that it may not read, not even to go on from there.
  const readable = new Filter({ ...interest, topics: [], types: [] });
  const entries: Entry[] = [];
  let position = after;
  let next: string | undefined;
  let size = 0;
  let searched = 0;
  while (position < log.head) {
    const { entries: read, upTo, missing } = await log.read(position, READ_LIMIT);
    // Trimmed meanwhile: the reader hears of it when it asks for the next page.
    if (missing && position > after) break;
    for (const entry of read) {
      position = entry.position;
      if (readable.wants(entry)) next = entry.id;
      if (!filter.wants(entry)) continue;
      size += entry.json.length;
      if (entries.push(entry) === limit || size >= PAGE_SIZE) return page(entries, log, position, next);
    }
    position = upTo;
    searched += read.length;
    if (searched >= SEARCH_LIMIT && next !== undefined) break;
    await turn();
  }
  return page(entries, log, position, next);
}

function page(entries: readonly Entry[], log: Log, position: number, next: string | undefined): HistoryPage {
  return { entries, next: position < log.head ? next : undefined };
}
