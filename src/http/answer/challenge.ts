import { type Grant, PUBLIC } from "../../auth/grant.ts";
import { Problem } from "./problem.ts";

// Refusals by RFC 6750, "Bearer Token Usage", section 3.

/** 401: a credential is needed. */
export function unauthenticated(detail: string): Problem {
  return challenge(401, detail);
}

/** 401: the credential is not valid, or no longer valid. */
export function invalidToken(detail: string): Problem {
  return challenge(401, detail, "invalid_token");
}

/** 403, or 401 for a sender without a credential, if a credential could help. */
export function forbidden(grant: Grant, detail: string): Problem {
  if (grant === PUBLIC) return new Problem(403, detail);
  return grant.anonymous ? unauthenticated(detail) : challenge(403, detail, "insufficient_scope");
}

/** 400: the credential came in a way that is not allowed. */
export function invalidRequest(detail: string): Problem {
  return challenge(400, detail, "invalid_request");
}

/** The most names in a detail, and the greatest length of each, in characters. */
const MAX_NAMES = 10;
const MAX_NAME_LENGTH = 100;
/** The greatest length of a description in a header, in characters: clients accept a few thousand in all. */
const MAX_DESCRIPTION_LENGTH = 300;

/** The names for a detail: the first ones, when there are many. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => shortened(name, MAX_NAME_LENGTH));
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
      `error_description="${quotable(shortened(detail, MAX_DESCRIPTION_LENGTH))}"`,
    );
  return new Problem(status, detail, { headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` } });
}

/** Section 3 allows printable ASCII without `"` and `\` in a description. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^ !#-[\]-~]/g, "?");
}
