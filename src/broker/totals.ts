/**
 * Why a client was removed:
 * - `disconnected`: its reader disconnected, or its signal aborted.
 * - `stalled`: it stayed `blocked` for longer than the stall timeout.
 * - `rolled_back`: it had been sent events that the store has lost.
 * - `failed`: a write to its stream failed, or the log could not be read for it.
 * - `expired`: its token expired, its key was withdrawn, or its stream reached the greatest age.
 * - `ended`: it has all of the topics that it asked for, which have ended.
 * - `drained`: the hub stops.
 * - `removed`: an administrator or the application removed it.
 */
export type RemovalReason =
  | "disconnected"
  | "stalled"
  | "failed"
  | "rolled_back"
  | "expired"
  | "ended"
  | "drained"
  | "removed";

/** Counters of a broker since its start. They only grow. */
export interface Totals {
  /** Events kept and delivered. */
  readonly published: number;
  /** Events written to clients: an event that goes to five clients counts five times. */
  readonly delivered: number;
  /** The part of `delivered` that went to replaying clients. */
  readonly replayed: number;
  /** Bytes of events written to clients. */
  readonly bytes: number;
  /** Clients that were added. */
  readonly connected: number;
  /** How often a client was told of a gap: events that it missed are no longer held. */
  readonly gaps: number;
  /** How often a client became `blocked`, because its stream was full. */
  readonly blocked: number;
  /** Clients that were removed, by reason. */
  readonly removed: Readonly<Record<RemovalReason, number>>;
}

/** {@link Totals} that can be counted up. */
export class Counters implements Totals {
  published = 0;
  delivered = 0;
  replayed = 0;
  bytes = 0;
  connected = 0;
  gaps = 0;
  blocked = 0;
  readonly removed: Record<RemovalReason, number> = {
    disconnected: 0,
    stalled: 0,
    rolled_back: 0,
    failed: 0,
    expired: 0,
    ended: 0,
    drained: 0,
    removed: 0,
  };
}
