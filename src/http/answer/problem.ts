import { MAX_VIOLATIONS, type Violation } from "../../events/violation.ts";
import { IdConflict, StoreFailure, TopicEnded } from "../../log/store.ts";
import { PROBLEM_TITLES, type ProblemType } from "../../protocol/problem.ts";
import { statusTitle } from "./status-title.ts";

const titles: Readonly<Record<string, string>> = PROBLEM_TITLES;

/** The optional parts of a {@link Problem}. */
export interface ProblemExtras {
  /**
   * The kind of problem: one of the hub's own, or a URI reference of an access policy.
   *
   * @defaultValue none: the status says enough
   */
  readonly type?: ProblemType | (string & {}) | undefined;
  /**
   * The violations of a 422.
   *
   * @defaultValue none
   */
  readonly errors?: readonly Violation[];
  /**
   * The time after which the sender may try again, in seconds: `Retry-After`.
   *
   * @defaultValue none
   */
  readonly retryAfter?: number;
  /**
   * More headers of the answer, such as `www-authenticate`.
   *
   * @defaultValue none
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The error behind a fault of the hub. It is logged, and is no part of the answer.
   *
   * @defaultValue none
   */
  readonly cause?: unknown;
}

/**
 * An answer that refuses a request: RFC 9457, "Problem Details for HTTP APIs". An access policy throws it.
 *
 * @example
 * ```ts
 * import { Problem } from "tidings";
 * const problem = new Problem(429, "your plan allows one stream", { retryAfter: 60 });
 * ```
 */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The HTTP status. */
  readonly status: number;
  /** The kind of problem; undefined when the status says enough. */
  readonly type: ProblemType | (string & {}) | undefined;
  /** The violations of a 422. */
  readonly errors: readonly Violation[] | undefined;
  /** The time after which the sender may try again, in whole seconds. */
  readonly retryAfter: number | undefined;
  /** More headers of the answer. */
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
   * The answer. It is not called `toResponse`, because Elysia would call that itself, without counting.
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
   * The body of the answer.
   *
   * @internal
   */
  toBody(requestId: string) {
    const { type, status, message, errors } = this;
    return {
      // Without a `type`, the title is that of the status (section 4.2.1).
      type,
      title: (titles[type ?? ""] ?? statusTitle(status)) || "Error",
      status,
      detail: message,
      errors,
      request_id: requestId,
    };
  }
}

/** Turns any error into a problem. An unexpected error is a 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof IdConflict) return new Problem(409, error.message, { type: "id-conflict" });
  if (error instanceof TopicEnded) return new Problem(409, error.message, { type: "topic-ended" });
  if (error instanceof StoreFailure) return storeFailing(error.cause);
  return new Problem(500, "the hub failed to answer; its log says why", { type: "failed", cause: error });
}

/** 503: the hub drains. Its successor may be there in a second. */
export function draining(): Problem {
  return new Problem(503, "the hub is stopping", { type: "draining", retryAfter: 1 });
}

/** 503: the store may work again in a second. */
export function storeFailing(cause?: unknown): Problem {
  const detail = "the store fails; the hub's log says why";
  return new Problem(503, detail, { type: "store-failing", retryAfter: 1, cause });
}

/** How many violations the detail of a 422 tells. All of them are in its `errors`. */
const MAX_TOLD = 3;

/** 422 with its violations, at most {@link MAX_VIOLATIONS}. */
export function unprocessable(violations: readonly Violation[]): Problem {
  const errors = violations.slice(0, MAX_VIOLATIONS);
  if (errors.length === 0) throw new Error("a 422 that lists nothing");
  const told = errors.slice(0, MAX_TOLD).map(({ path, message }) => `${path || "The body"}: ${message}`);
  if (errors.length > MAX_TOLD) {
    const left = errors.length - MAX_TOLD;
    told.push(errors.length < MAX_VIOLATIONS ? `and ${left} more` : `and at least ${left} more`);
  }
  return new Problem(422, told.join("; "), { type: "invalid-event", errors });
}
