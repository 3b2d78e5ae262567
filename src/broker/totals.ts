/**
 * Why a client was removed:
 * - `disconnected`: its reader left, or the signal that it was added with has aborted.
 * - `stalled`: its stream took no bytes for longer than the stall timeout.
 * - `rolled_back`: it had been sent events that the store has lost.
 * - `failed`: writing to it failed, or the log could not be read for it.
 * - `expired`: its credential, or its stream's time, has come to an end.
 * - `drained`: the hub stops.
 * - `removed`: somebody asked for it.
 */
export type RemovalReason =
  | "disconnected"
  | "stalled"
  | "failed"
  | "rolled_back"
  | "expired"
  | "drained"
  | "removed";

/** What a broker has done so far, in numbers that only grow. */
export interface Totals {
  /** Events kept and delivered. */
  readonly published: number;
  /** Events written to clients, each as often as there were clients for it. */
  readonly delivered: number;
  /** Those among them that were read back from the log, for clients that were replaying. */
  readonly replayed: number;
  /** Bytes of events written to clients. */
  readonly bytes: number;
  /** Clients that were ever added. */
  readonly connected: number;
  /** How often a client was told that events which it has not had are gone. */
  readonly gaps: number;
  /** How often a client's stream was found full. */
  readonly stalls: number;
  /** Clients that were removed, by reason. */
  readonly removed: Readonly<Record<RemovalReason, number>>;
}

/** The same while they are counted. */
export class Counters implements Totals {
  published = 0;
  delivered = 0;
  replayed = 0;
  bytes = 0;
  connected = 0;
  gaps = 0;
  stalls = 0;
  readonly removed: Record<RemovalReason, number> = {
    disconnected: 0,
    stalled: 0,
    rolled_back: 0,
    failed: 0,
    expired: 0,
    drained: 0,
    removed: 0,
  };
}
