import { STATUS_CODES } from "node:http";
import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import { IdConflict, StoreFailure } from "../../log/store.ts";
import { PROBLEM_TITLES, type ProblemType } from "../../protocol/problem.ts";

const titles: Readonly<Record<string, string>> = PROBLEM_TITLES;

/** What a problem may tell besides its status and detail. */
export interface ProblemExtras {
  /**
   * Its kind, where a status alone does not say what a client can do: one of the hub's own, or a URI
   * reference of an access policy's.
   */
  readonly type?: ProblemType | (string & {}) | undefined;
  /** The failing paths of a 422. */
  readonly errors?: readonly Violation[];
  /** In how many seconds it may be tried again: `Retry-After`. */
  readonly retryAfter?: number;
  /** More of the answer's headers, such as `www-authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What went wrong when it is the hub's own fault. The log tells; the answer does not. */
  readonly cause?: unknown;
}

/**
 * An answer that refuses: RFC 9457, "Problem Details for HTTP APIs". Thrown by an access policy, it is
 * what the sender of the request gets.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The HTTP status. */
  readonly status: number;
  /** Its kind, where the status alone does not say enough. */
  readonly type: ProblemType | (string & {}) | undefined;
  /** The failing paths of a 422. */
  readonly errors: readonly Violation[] | undefined;
  /** Whole seconds. */
  readonly retryAfter: number | undefined;
  /** More of the answer's headers. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    detail: string,
    { type, errors, retryAfter, headers = {}, cause }: ProblemExtras = {},
  ) {
    super(detail, { cause });
    this.status = status;
    this.type = type;
    this.errors = errors;
    this.retryAfter = retryAfter === undefined ? undefined : Math.ceil(retryAfter);
    this.headers = headers;
  }

  /**
   * Elysia would call a `toResponse` itself, and nobody would keep the books.
   *
   * @internal
   */
  response(requestId: string): Response {
    return Response.json(this.toBody(requestId), {
      status: this.status,
      headers: {
        ...this.headers,
        ...(this.retryAfter !== undefined && { "retry-after": String(this.retryAfter) }),
        "content-type": "application/problem+json",
      },
    });
  }

  /**
   * What the answer says, as JSON.
   *
   * @internal
   */
  toBody(requestId: string) {
    const { type, status, message, errors } = this;
    return {
      // Without a `type`, which then is about:blank, the title is the status's own (section 4.2.1).
      type,
      title: (titles[type ?? ""] ?? STATUS_CODES[status]) || "Error",
      status,
      detail: message,
      errors,
      request_id: requestId,
    };
  }
}

/** Whatever was thrown, as an answer. What nobody expected is a 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof IdConflict) return new Problem(409, error.message, { type: "id-conflict" });
  if (error instanceof StoreFailure) return storeFailing(error.cause);
  return new Problem(500, "the hub failed to answer; its log says why", { type: "failed", cause: error });
}

/** 503: the hub takes no more, and its successor may be there in a second. */
export function draining(): Problem {
  return new Problem(503, "the hub is stopping", { type: "draining", retryAfter: 1 });
}

/** 503: the store may work again in a second. */
export function storeFailing(cause?: unknown): Problem {
  const detail = "the store fails; the hub's log says why";
  return new Problem(503, detail, { type: "store-failing", retryAfter: 1, cause });
}

/** 422 with the failing paths, of which there may be more when there are as many as are listed at most. */
export function unprocessable(violations: readonly Violation[]): Problem {
  const errors = violations.slice(0, MAX_VIOLATIONS);
  const [first] = errors;
  if (!first) throw new Error("a 422 that lists nothing");
  if (errors.length === 1) {
    return new Problem(422, `${first.path || "The body"}: ${first.message}`, {
      type: "invalid-event",
      errors,
    });
  }
  const count = errors.length < MAX_VIOLATIONS ? errors.length : `at least ${errors.length}`;
  return new Problem(422, `${count} paths do not match their schema`, { type: "invalid-event", errors });
}
