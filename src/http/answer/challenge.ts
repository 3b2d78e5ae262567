import { type Grant, PUBLIC } from "../../auth/grant.ts";
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

/** What the grant lacks: 403 with a credential, or where none would help; 401 without one. */
export function forbidden(grant: Grant, detail: string): Problem {
  if (grant === PUBLIC) return new Problem(403, detail);
  return grant.anonymous ? unauthenticated(detail) : challenge(403, detail, "insufficient_scope");
}

/** 400: a credential came in a way in which none may come. */
export function invalidRequest(detail: string): Problem {
  return challenge(400, detail, "invalid_request");
}

/** How many names a detail lists, and of how many characters each at most. */
const MAX_NAMES = 10;
const MAX_NAME = 100;
/** How many characters of a detail go into a header, of which clients take a few thousand at most. */
const MAX_DESCRIPTION = 300;

/** The names for a detail, or as many as are of use. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => shortened(name, MAX_NAME));
  if (names.length > MAX_NAMES) shown.push(`${names.length - MAX_NAMES} more`);
  return shown.join(", ");
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

function challenge(status: number, detail: string, error?: string): Problem {
  const parameters = ['realm="tidings"'];
  if (error)
    parameters.push(
      `error="${error}"`,
      `error_description="${quotable(shortened(detail, MAX_DESCRIPTION))}"`,
    );
  return new Problem(status, detail, { headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` } });
}

/** Section 3 allows no more in a description than printable ASCII without `"` and `\`. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^ !#-[\]-~]/g, "?");
}
