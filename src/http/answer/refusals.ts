import { LimitedLogger, type Logger, silent } from "../../logger.ts";
import { RequestCounts } from "../metrics/counts.ts";
import { givenRequestId, REQUEST_ID, requestUrl } from "../request/request.ts";
import { Busy } from "./busy.ts";
import { NOSNIFF } from "./page-headers.ts";
import { type Problem, problemOf } from "./problem.ts";

/** The request that was refused, and its route. */
export interface Refused {
  readonly request: Request;
  /** The path of the route, such as `/clients/:id`; none when no route matches. */
  readonly route?: string;
}

/** The number of refusals of a route with a status. */
export interface RefusalCount {
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

/**
 * Turns every error into an answer: a problem, or `tidings.busy` for the reader of a stream. Each refusal
 * is counted and logged. Its answer and its log line share a request id.
 */
export class Refusals {
  /** Answers to readers of streams, and their counts. */
  readonly busy = new Busy();
  /** Counts of all answers, also where there is no route. */
  readonly requests = new RequestCounts();
  readonly #logger: Logger;
  readonly #counts = new Map<string, RefusalCount>();

  constructor(logger: Logger = silent) {
    this.#logger = LimitedLogger.of(logger);
  }

  get counts(): Iterable<RefusalCount> {
    return this.#counts.values();
  }

  /** The answer to a request whose handler has thrown an error. */
  answer(error: unknown, refused: Refused): Response {
    const problem = problemOf(error);
    const id = this.note(problem, refused);
    if (!refused.route) this.requests.add(refused.request.method, "none", problem.status);
    const response = this.busy.answer(problem, refused.request) ?? problem.response(id);
    response.headers.set(REQUEST_ID, id);
    response.headers.set(...NOSNIFF);
    return response;
  }

  /** Counts and logs a problem whose answer the caller writes. Returns the id of the request. */
  note(problem: Problem, { request, route }: Refused): string {
    const { status } = problem;
    const at = route || "none";
    const key = `${status} ${at}`;
    this.#counts.set(key, { route: at, status, count: (this.#counts.get(key)?.count ?? 0) + 1 });
    const id = givenRequestId(request) ?? crypto.randomUUID();
    this.#log(problem, request, id);
    return id;
  }

  #log({ type, status, message, cause }: Problem, request: Request, id: string): void {
    const { method } = request;
    // The path without the query, which may hold a ticket.
    const fields = { request_id: id, method, path: requestUrl(request).pathname, status, detail: message };
    // The log says once that the store fails and why, and once that it works again and how much was refused.
    if (type === "store-failing" && method === "POST")
      this.#logger.debug({ ...fields, reason: cause instanceof Error ? cause.message : cause }, "refused");
    else if (cause !== undefined) this.#logger.error({ ...fields, error: cause }, "request failed");
    // A refused event is lost unless somebody acts, so this is no debug line.
    else if (method === "POST") this.#logger.info(fields, "refused");
    else this.#logger.debug(fields, "refused");
  }
}
