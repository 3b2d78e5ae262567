import { named } from "./components.ts";

// The headers of answers that say something, as the interface's description (OpenAPI) has them.

export const REQUEST_ID_HEADER = named("headers", "X-Request-Id", {
  description: "The request's own, or one that the hub gave it; also in the hub's log",
  schema: { type: "string", minLength: 1 },
});

export const RETRY_AFTER = named("headers", "Retry-After", {
  description: "In how many seconds it may be tried again",
  schema: { type: "integer", minimum: 0, examples: [1] },
});

export const CHALLENGE = named("headers", "WWW-Authenticate", {
  description: "RFC 6750, section 3: the credential that is needed, and what is wrong with the one shown",
  schema: { type: "string", examples: ['Bearer realm="tidings", error="invalid_token"'] },
});

export const TAKEN_CODING = named("headers", "Accept-Encoding", {
  description: "Where the body was compressed: what would be taken instead",
  schema: { type: "string", const: "identity" },
});

export const NOT_STORED = named("headers", "Cache-Control", {
  description: "The answer is for this moment, or may be for this reader alone",
  schema: { type: "string", const: "no-store" },
});
