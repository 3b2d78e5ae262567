/**
 * Why a client was given up: its stream took no bytes for too long, the log no longer reached back
 * to where it was, or writing to it failed.
 */
export type Cause = "stalled" | "outrun" | "failed";

/** What a broker has done so far, in numbers that only grow. */
export class Totals {
  /** Events kept and handed on. */
  published = 0;
  /** Events written to clients, each as often as there were clients for it. */
  delivered = 0;
  /** Those among them that were read back from the log, for clients that were behind. */
  replayed = 0;
  /** Bytes of events written to clients. */
  bytes = 0;
  connected = 0;
  /** Clients that came back and were told that some of what they missed is gone. */
  gaps = 0;
  /** How often a client's stream was found full. */
  stalls = 0;
  /** Clients removed because they could not be served any longer. */
  readonly evicted: Record<Cause, number> = { stalled: 0, outrun: 0, failed: 0 };
}
