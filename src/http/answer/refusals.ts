import { LimitedLogger, type Logger, silent } from "../../logger.ts";
import { RequestCounts } from "../metrics/counts.ts";
import { givenRequestId, REQUEST_ID, requestUrl } from "../request/request.ts";
import { Busy } from "./busy.ts";
import { type Problem, problemOf } from "./problem.ts";

/** What of an Elysia context says which request it was. */
export interface Refused {
  readonly request: Request;
  /** The route's own path, such as `/clients/:id`; none when there is no such route. */
  readonly route?: string;
}

/** How many refusals were made at a route with a status. */
export interface RefusalCount {
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

/**
 * The one way in which anything that was thrown becomes an answer: a problem, or for the reader of a
 * stream a word that the hub is busy. It keeps the books: each refusal is counted, has a request id
 * that its answer and its log line share, and is logged.
 */
export class Refusals {
  /** The readers of streams that were asked to come back. */
  readonly busy = new Busy();
  /** All answers of the hub's routes, and refusals where there is none. */
  readonly requests = new RequestCounts();
  readonly #logger: Logger;
  readonly #counts = new Map<string, RefusalCount>();

  constructor(logger: Logger = silent) {
    this.#logger = LimitedLogger.of(logger);
  }

  get counts(): Iterable<RefusalCount> {
    return this.#counts.values();
  }

  /** The answer to a request whose handler has thrown this. */
  answer(error: unknown, refused: Refused): Response {
    const problem = problemOf(error);
    const id = this.note(problem, refused);
    if (!refused.route) this.requests.add(refused.request.method, "none", problem.status);
    const response = this.busy.answer(problem, refused.request) ?? problem.response(id);
    response.headers.set(REQUEST_ID, id);
    return response;
  }

  /** Counts and logs it, for whoever words the answer. Returns the request's id. */
  note(problem: Problem, { request, route }: Refused): string {
    const { status } = problem;
    const at = route || "none";
    const key = `${status} ${at}`;
    this.#counts.set(key, { route: at, status, count: (this.#counts.get(key)?.count ?? 0) + 1 });
    const id = givenRequestId(request) ?? crypto.randomUUID();
    this.#log(problem, request, id);
    return id;
  }

  #log({ status, message, cause }: Problem, request: Request, id: string): void {
    const { method } = request;
    // Without the query, which may hold a ticket.
    const fields = { request_id: id, method, path: requestUrl(request).pathname, status, detail: message };
    if (cause !== undefined) this.#logger.error({ ...fields, error: cause }, "request failed");
    // What is published and refused is lost unless somebody sees to it.
    else if (method === "POST") this.#logger.info(fields, "refused");
    else this.#logger.debug(fields, "refused");
  }
}
