/** How much the hub takes from others. */
export interface Limits {
  /** How large a body may be, in bytes. */
  readonly maxBody: number;
  /** How large one event may be, in bytes of its JSON. */
  readonly maxEvent: number;
  /** How many topics, and how many types, a client may name. */
  readonly maxTopics: number;
  /** How many clients there may be; 0 for any number. */
  readonly maxClients: number;
  /** How many of them may come from one address; 0 for any number. */
  readonly maxClientsPerAddress: number;
  /** Events a second for each publisher, and so many in a batch at most; 0 for any number. */
  readonly publishRate: number;
  /** How long a body may take to arrive, in ms; 0 for ever. */
  readonly bodyTimeout: number;
  /**
   * How old a stream may become, in ms; 0 for any age. Each ends at an age of its own between half of
   * it and all, so that those which began together do not end together.
   */
  readonly maxStreamAge: number;
}

/** What a hub takes unless it is told otherwise. */
export const DEFAULT_LIMITS: Limits = {
  maxBody: 16 * 1024 ** 2,
  maxEvent: 4 * 1024 ** 2,
  maxTopics: 100,
  maxClients: 100_000,
  // Whole companies share an address, and behind a proxy that is not trusted, everyone does.
  maxClientsPerAddress: 0,
  publishRate: 0,
  bodyTimeout: 60_000,
  maxStreamAge: 0,
};
