import { encodeComment, encodeFrame, encodeRetry, joinFrames } from "../../protocol/frame.ts";
import { type Busy as BusyData, HubEvent } from "../../protocol/hub-events.ts";
import { STREAM_HEADERS } from "../stream/stream-headers.ts";
import type { Problem } from "./problem.ts";

/** The rate at which refused readers are told to come back, in readers a second. */
const RETURNS_PER_SECOND = 1000;
/** How long a refused reader counts for the crowd, in ms, roughly. */
const CROWD_MEMORY_MS = 60_000;
/** The longest wait because of a crowd, in ms. */
const MAX_CROWD_WAIT_MS = 60_000;
/** The wait when the problem names none, in seconds. */
const DEFAULT_WAIT_SECONDS = 1;

/**
 * Answers readers of a stream when the hub is busy. An EventSource gives up for good at any status but 200
 * (HTML, section 9.2.3). So a problem that will pass becomes a stream of one event, which tells the reader
 * when to come back.
 */
export class Busy {
  readonly #counts = new Map<string, number>();
  readonly #now: () => number;
  /** The refused readers. The older ones count less. */
  #crowd = 0;
  #crowdAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The number of refused readers, by reason. */
  get counts(): Iterable<readonly [reason: string, count: number]> {
    return this.#counts;
  }

  /** The answer to a reader of a stream, for a problem that will pass; undefined for other requests and problems. */
  answer(problem: Problem, request: Request): Response | undefined {
    if (!willPass(problem) || !asksForStream(request)) return undefined;
    const reason = problem.type ?? "unavailable";
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const retry = this.#wait((problem.retryAfter ?? DEFAULT_WAIT_SECONDS) * 1000);
    const retryAfter = Math.ceil(retry / 1000);
    const data: BusyData = { reason, retry_after: retryAfter };
    const json = JSON.stringify(data);
    const frame = asksForText(request)
      ? encodeComment(`busy: ${json}`)
      : encodeFrame({ event: HubEvent.busy, data: json });
    return new Response(joinFrames([encodeRetry(retry), frame]), {
      headers: { ...STREAM_HEADERS, ...problem.headers, "retry-after": String(retryAfter) },
    });
  }

  /** The wait of a reader, in ms. It grows with the crowd, and differs, so that not all come back at once. */
  #wait(least: number): number {
    const now = this.#now();
    this.#crowd = this.#crowd * Math.exp((this.#crowdAt - now) / CROWD_MEMORY_MS) + 1;
    this.#crowdAt = now;
    const crowdWait = Math.min(MAX_CROWD_WAIT_MS, (this.#crowd / RETURNS_PER_SECOND) * 1000);
    return Math.round(Math.max(least, crowdWait) * (1 + Math.random()));
  }
}

function willPass({ status }: Problem): boolean {
  return status === 429 || status >= 500;
}

/** Whether hub events are no events to the reader. */
function asksForText({ url }: Request): boolean {
  return new URLSearchParams(url.split("?", 2)[1]).get("format") === "text";
}

/** True for GET and HEAD only: a publisher would take a 200 for an acknowledgement. */
function asksForStream({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const accept = headers.get("accept");
  if (!accept?.toLowerCase().includes("text/event-stream")) return false;
  return accept.split(",").some((range) => {
    const [name = "", ...parameters] = range.toLowerCase().split(";");
    return name.trim() === "text/event-stream" && !parameters.some((one) => /^\s*q=0(\.0*)?\s*$/.test(one));
  });
}
