import { expect } from "bun:test";
import type { Violation } from "../../src/events/violation.ts";

export interface ProblemBody {
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

/** Posts a body as JSON. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return postText(url, JSON.stringify(body), headers);
}

export function postText(
  url: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}
