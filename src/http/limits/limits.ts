/** Limits of a hub for publishers and readers. */
export interface Limits {
  /** The largest body of a request, in bytes. */
  readonly maxBody: number;
  /** The largest event, in bytes of JSON. */
  readonly maxEvent: number;
  /** The most topics, and the most types, that a client may name. */
  readonly maxTopics: number;
  /** The most clients; 0 for no limit. */
  readonly maxClients: number;
  /** The most clients of one address; 0 for no limit. */
  readonly maxClientsPerAddress: number;
  /** The most events a second of one publisher, and the most in a batch; 0 for no limit. */
  readonly publishRate: number;
  /** The longest time for a body to arrive, in milliseconds; 0 for no limit. */
  readonly bodyTimeout: number;
  /**
   * The greatest age of a stream, in milliseconds; 0 for no limit. Each stream ends at a random age between
   * half of it and all of it, so that streams which began together do not end together.
   */
  readonly maxStreamAge: number;
}

/** The limits of a hub that is given none. */
export const DEFAULT_LIMITS: Limits = {
  maxBody: 16 * 1024 ** 2,
  maxEvent: 4 * 1024 ** 2,
  maxTopics: 100,
  maxClients: 100_000,
  // A whole company may share an address, and behind an untrusted proxy everyone does.
  maxClientsPerAddress: 0,
  publishRate: 0,
  bodyTimeout: 60_000,
  maxStreamAge: 0,
};
