/** The kinds of problems that a client may want to distinguish, and their titles. */
export const PROBLEM_TITLES = {
  "unknown-parameter": "The query has a name that this route does not know",
  "id-conflict": "The id is already used for a different event",
  "topic-ended": "The topic has ended",
  "bad-signature": "The signature of the delivery is not good",
  "invalid-event": "The event does not match its schema",
  "rate-exceeded": "The sender asks for more than its rate allows",
  "address-full": "The address has as many clients as it may have",
  full: "The hub has as many clients as it takes",
  "out-of-descriptors": "The hub's process can open no more connections",
  draining: "The hub is stopping",
  "store-failing": "The store fails",
  "outcome-unknown": "It is not known whether the event was kept",
  "keys-unavailable": "The keys to verify tokens are not available",
  failed: "The hub failed to answer",
} as const;

/** A kind of problem: the `type` of its details (RFC 9457, section 3.1.1), a URI reference. */
export type ProblemType = keyof typeof PROBLEM_TITLES;
