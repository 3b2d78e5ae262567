import { expect } from "bun:test";
import type { Violation } from "../../src/events/violation.ts";

export interface ProblemBody {
  readonly type?: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly Violation[];
}

/** The answer's problem, which must be one of this status (RFC 9457). */
export async function problemOf(response: Response, status: number): Promise<ProblemBody> {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const body = (await response.json()) as ProblemBody;
  expect(body.status).toBe(status);
  expect([typeof body.title, typeof body.detail]).toEqual(["string", "string"]);
  return body;
}
