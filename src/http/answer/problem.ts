import { STATUS_CODES } from "node:http";
import { MOST_LISTED, type Violation } from "../../events/violation.ts";
import { IdConflict } from "../../log/deduplication.ts";
import { StoreFailure } from "../../log/store.ts";

/** What a problem may tell besides its status and detail. */
interface ProblemExtras {
  /** The failing paths of a 422. */
  readonly errors?: readonly Violation[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What went wrong when it is the hub's own fault. The log tells; the answer does not. */
  readonly cause?: unknown;
}

/** An answer that refuses: RFC 9457, "Problem Details for HTTP APIs". */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly errors: readonly Violation[] | undefined;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, { errors, headers = {}, cause }: ProblemExtras = {}) {
    super(detail, { cause });
    this.status = status;
    this.errors = errors;
    this.#headers = headers;
  }

  /** Elysia would call a `toResponse` itself, and nobody would keep the books. */
  response(requestId: string): Response {
    return Response.json(this.toBody(requestId), {
      status: this.status,
      headers: { ...this.#headers, "content-type": "application/problem+json" },
    });
  }

  /** What the answer says, as JSON. */
  toBody(requestId: string) {
    const { status, message, errors } = this;
    // Without a `type`, which then is about:blank, the title is the status's own (section 4.2.1).
    return {
      title: STATUS_CODES[status] ?? "Error",
      status,
      detail: message,
      errors,
      request_id: requestId,
    };
  }
}

/** What the log and the routes throw, as an answer; undefined for what nobody expected. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof IdConflict) return new Problem(409, error.message);
  if (error instanceof StoreFailure)
    return unavailable("the store fails; the hub's log says why", error.cause);
  return undefined;
}

/** 500: nobody expected what was thrown. */
export function failed(cause: unknown): Problem {
  return new Problem(500, "the hub failed to answer; its log says why", { cause });
}

/** 503: it may work if it is tried again in a second. */
export function unavailable(detail: string, cause?: unknown): Problem {
  return new Problem(503, detail, { headers: { "retry-after": "1" }, cause });
}

/** 422 with the failing paths, of which there may be more when there are as many as are listed at most. */
export function unprocessable(violations: readonly Violation[]): Problem {
  const errors = violations.slice(0, MOST_LISTED);
  const [first] = errors;
  if (first && errors.length === 1) {
    return new Problem(422, `${first.path || "The body"}: ${first.message}`, { errors });
  }
  const count = errors.length < MOST_LISTED ? errors.length : `at least ${errors.length}`;
  return new Problem(422, `${count} paths do not match their schema`, { errors });
}
