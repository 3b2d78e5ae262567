import type { ProblemType } from "../protocol/problem.ts";
import { isRecord, isString, parseJson } from "./narrow.ts";
import { reasonOf } from "./network-failure.ts";

const NOT_A_HUB = "not a Tidings hub";

/** A wrong value within an event. */
export interface FailingPath {
  /** A JSON Pointer (RFC 6901) to the wrong value, such as `/data/id`. */
  readonly path: string;
  /** What is wrong with it, in words. */
  readonly message: string;
}

/** The problem that an answer describes (RFC 9457, section 3.1). */
export interface Problem {
  /** The kind of problem: one of the hub's own, or one of an access policy or a proxy. */
  readonly type?: ProblemType | (string & {});
  /** The kind of problem, in words. */
  readonly title?: string;
  /** The HTTP status. */
  readonly status?: number;
  /** What is wrong with this request. */
  readonly detail?: string;
  /** A URI reference to this occurrence. */
  readonly instance?: string;
  /** More members, such as `request_id`. */
  readonly [member: string]: unknown;
}

/** The hub refused, could not be reached, or the answer was not from a hub. */
export class TidingsError extends Error {
  override readonly name = "TidingsError";
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The problem that the hub describes (RFC 9457). */
  readonly problem: Problem;
  /** The wrong values of the event, for the status 422. */
  readonly errors: readonly FailingPath[];
  /** The time to wait before the next try, in milliseconds (RFC 9110, section 10.2.3). */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    problem: Problem,
    more: { cause?: unknown; retryAfter?: number | undefined } = {},
  ) {
    const errors = failingPaths(problem["errors"]);
    super(messageOf(status, problem, errors), more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.problem = problem;
    this.errors = errors;
    this.retryAfter = more.retryAfter;
  }
}

/** The error for a hub that gave no answer at all. */
export function unreachable(url: string, cause: unknown): TidingsError {
  const detail = `${withoutQuery(url)}: ${messageFrom(cause)}`;
  return new TidingsError(0, { title: "the hub can't be reached", detail }, { cause });
}

/** A ticket in the query is a secret. */
const withoutQuery = (url: string) => url.split("?", 1)[0];

/** The error for a token or ticket that could not be got, often for want of the same network. */
export function noCredential(cause: unknown): TidingsError {
  return new TidingsError(0, { title: "no token or ticket", detail: messageFrom(cause) }, { cause });
}

/** The error for an answer that no hub would give, as when the URL is that of something else. */
export function notAHub(url: string, status: number, detail: string, cause?: unknown): TidingsError {
  return new TidingsError(status, { title: NOT_A_HUB, detail: `${url} ${detail}` }, { cause });
}

/** The error for an answer that is not a success. */
export function refusal({ status, statusText, headers, url }: Response, text: string): TidingsError {
  const body = parseJson(text);
  // It may not be a hub's, so it says whose it is.
  const problem = isRecord(body)
    ? body
    : { title: statusText || `HTTP ${status}`, detail: withoutQuery(url) };
  return new TidingsError(status, problem, { retryAfter: retryAfter(headers) });
}

/**
 * Whether the same request may succeed later: no answer came, the hub is busy, draining or
 * restarting, or a proxy lost it.
 */
export function isTransient(error: unknown): error is TidingsError {
  if (!(error instanceof TidingsError)) return false;
  const { status, problem } = error;
  // 501: the hub can't do it, now or later.
  if (problem.title === NOT_A_HUB || status === 501) return false;
  return status >= 500 || [0, 408, 425, 429].includes(status);
}

function messageFrom(cause: unknown): string {
  return reasonOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}

function messageOf(status: number, { title, detail }: Problem, errors: readonly FailingPath[]): string {
  const paths = errors.map(({ path, message }) => `${path || "/"} ${message}`).join("; ");
  const parts = [title, paths || detail].filter((part) => isString(part) && part !== "");
  return parts.join(": ") || `HTTP ${status}`;
}

function failingPaths(value: unknown): FailingPath[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) =>
    isRecord(item) && isString(item["path"]) && isString(item["message"])
      ? [{ path: item["path"], message: item["message"] }]
      : [],
  );
}

/** Seconds or an HTTP date, as milliseconds from now. */
function retryAfter(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
