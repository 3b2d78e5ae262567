/**
 * What the hub says of itself in a stream, beside the published events. A hub event has no id, so it
 * never moves a reader's cursor; `connected` and `tidings.position`, which are there for that, do.
 */

/** The names of the hub events. No event of these names can be published. */
export const HubEvent = {
  /** The first of every stream. Its id is the place where the stream begins. */
  connected: "connected",
  /** The reader has been sent all that it missed. */
  resumed: "tidings.resumed",
  /** Events are missing here: they are no longer held. */
  gap: "tidings.gap",
  /** Nothing more than an id: the place up to which there was nothing for the reader. */
  position: "tidings.position",
  /** A keep-alive, for readers that watch their line. */
  alive: "tidings.alive",
  /** The hub has no room for the reader now; the stream ends. */
  busy: "tidings.busy",
} as const;
export type HubEvent = (typeof HubEvent)[keyof typeof HubEvent];

/** Whether events of this type are the hub's own. */
export function isHubEvent(type: string): boolean {
  return type === HubEvent.connected || type.startsWith("tidings.");
}

/** The data of `connected`. */
export interface Connected {
  readonly client_id: string;
  readonly status: "connected";
}

/** The data of `tidings.resumed`. */
export interface Resumed {
  /** The last event id with which the reader came. */
  readonly from: string;
  /** How many events it has been sent since. */
  readonly count: number;
}

/** The data of `tidings.gap`. */
export interface Gap {
  /** The last event id with which the reader came, or in mid-stream the place up to which it has all. */
  readonly requested: string;
  /** The place of the oldest event after the gap; null when there is none yet. */
  readonly earliest: string | null;
}

/** The data of `tidings.busy`. */
export interface Busy {
  /** The type of the problem that anyone else would be told of. */
  readonly reason: string;
  /** When to come back, in seconds. */
  readonly retry_after: number;
}

/** The data of each hub event. The others have none to speak of. */
export interface HubEventData {
  readonly connected: Connected;
  readonly "tidings.resumed": Resumed;
  readonly "tidings.gap": Gap;
  readonly "tidings.position": Record<never, never>;
  readonly "tidings.alive": Record<never, never>;
  readonly "tidings.busy": Busy;
}
