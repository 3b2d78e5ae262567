import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import { turn } from "../timers.ts";
import { Filter, type Interest, patternsOf } from "./interest.ts";

/** How many events are read from the log at once. */
const READ_LIMIT = 256;
/** Few of them may match; the search for more ends here, and goes on with the next page. */
const SEARCH_LIMIT = 20_000;
/** A page is this large, or one event more. In characters of data. */
const PAGE_SIZE = 4 * 1024 * 1024;

/** Stored events, oldest first. */
export interface HistoryPage {
  readonly entries: readonly Entry[];
  /** The cursor after which the next page begins: a place, which discloses no publisher's id. */
  readonly next: string;
  /** Whether there was more to read by now. */
  readonly more: boolean;
}

/** The events after the position that the interest is for, `limit` at most. */
export async function readHistory(
  log: Log,
  interest: Interest,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<HistoryPage> {
  const filter = new Filter(interest);
  const topics = patternsOf(interest);
  const entries: Entry[] = [];
  let position = after;
  let size = 0;
  const page = () => ({ entries, next: log.place(position), more: position < log.head });
  while (position < log.head && position - after < SEARCH_LIMIT) {
    const stretch = await log.read(position, READ_LIMIT, topics);
    // Gone meanwhile: the reader hears of it when it asks for the next page.
    if (stretch.missing && position > after) break;
    for (const entry of stretch.entries) {
      position = entry.position;
      if (!filter.wants(entry)) continue;
      size += entry.json.length;
      if (entries.push(entry) === limit || size >= PAGE_SIZE) return page();
    }
    position = stretch.upTo;
    await turn();
  }
  return page();
}
