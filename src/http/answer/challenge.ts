import type { Grant } from "../../auth/grant.ts";
import { Problem } from "./problem.ts";

// Refusals in the words of RFC 6750, "Bearer Token Usage", section 3.

/** 401: a credential is needed. */
export function unauthenticated(detail: string): Problem {
  return challenge(401, detail);
}

/** 401: the credential that was shown is not, or no longer, good. */
export function invalidToken(detail: string): Problem {
  return challenge(401, detail, "invalid_token");
}

/** What the grant lacks: 403 with a credential, 401 without one. */
export function forbidden({ anonymous }: Grant, detail: string): Problem {
  return anonymous ? unauthenticated(detail) : challenge(403, detail, "insufficient_scope");
}

/** 400: a credential came in a way in which none may come. */
export function invalidRequest(detail: string): Problem {
  return challenge(400, detail, "invalid_request");
}

function challenge(status: number, detail: string, error?: string): Problem {
  const parameters = ['realm="tidings"'];
  if (error) parameters.push(`error="${error}"`, `error_description="${quotable(detail)}"`);
  return new Problem(status, detail, { headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` } });
}

/** Section 3 allows no more in a description than printable ASCII without `"` and `\`. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^ !#-[\]-~]/g, "?");
}
