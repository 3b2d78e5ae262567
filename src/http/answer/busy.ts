import { encodeFrame } from "../../protocol/frame.ts";
import { type Busy as BusyData, HubEvent } from "../../protocol/hub-events.ts";
import { STREAM_HEADERS } from "../stream/stream-headers.ts";
import type { Problem } from "./problem.ts";

/** How many readers may come back in a second, however many were sent away. */
const RETURNS_PER_SECOND = 1000;
/** For how long a reader that was sent away counts, in ms, roughly. */
const MEMORY = 60_000;
/** No crowd makes a reader wait longer than this, in ms. */
const MAX_CROWD_WAIT = 60_000;
/** How long a reader waits when the problem does not say, in seconds. */
const DEFAULT_WAIT = 1;

/**
 * Answers readers of a stream for which there is no room now. An EventSource gives up for good at
 * any status but 200 (HTML, section 9.2.3), so what will pass is a stream of one event, which says
 * when to come back.
 */
export class Busy {
  readonly #counts = new Map<string, number>();
  readonly #now: () => number;
  /** The readers sent away, the older ones for less. */
  #crowd = 0;
  #crowdAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many readers were sent away, by reason. */
  get counts(): Iterable<readonly [reason: string, count: number]> {
    return this.#counts;
  }

  /** The answer for the problem; undefined unless the request is a stream's and the problem will pass. */
  answer(problem: Problem, request: Request): Response | undefined {
    if (!willPass(problem) || !asksForStream(request)) return undefined;
    const reason = problem.type ?? "unavailable";
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const retry = this.#wait((problem.retryAfter ?? DEFAULT_WAIT) * 1000);
    const retryAfter = Math.ceil(retry / 1000);
    const data: BusyData = { reason, retry_after: retryAfter };
    return new Response(encodeFrame({ retry, event: HubEvent.busy, data: JSON.stringify(data) }), {
      headers: { ...STREAM_HEADERS, ...problem.headers, "retry-after": String(retryAfter) },
    });
  }

  /** In ms: the longer, the more were sent away of late, and never the same, so that they come back one by one. */
  #wait(least: number): number {
    const now = this.#now();
    this.#crowd = this.#crowd * Math.exp((this.#crowdAt - now) / MEMORY) + 1;
    this.#crowdAt = now;
    const crowdWait = Math.min(MAX_CROWD_WAIT, (this.#crowd / RETURNS_PER_SECOND) * 1000);
    return Math.round(Math.max(least, crowdWait) * (1 + Math.random()));
  }
}

function willPass({ status }: Problem): boolean {
  return status === 429 || status >= 500;
}

/** Only where nothing is sent: a publisher that is told 200 would take its event for kept. */
function asksForStream({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const accept = headers.get("accept");
  if (!accept?.toLowerCase().includes("text/event-stream")) return false;
  return accept.split(",").some((range) => {
    const [name = "", ...parameters] = range.toLowerCase().split(";");
    return name.trim() === "text/event-stream" && !parameters.some((one) => /^\s*q=0(\.0*)?\s*$/.test(one));
  });
}
