/**
 * Events that the hub itself sends in a stream. They have no ids, so they do not move the cursor of a
 * reader. Only `connected`, `tidings.current` and `tidings.position` have an id, to move it.
 */

/** The names of the hub events. No event of these names can be published. */
export const HubEvent = {
  /** The first event of every stream. Its id is the place where the stream begins. */
  connected: "connected",
  /** The reader has been sent the current values. Its id is the place where the stream goes on. */
  current: "tidings.current",
  /** The reader has been sent all that it missed. */
  resumed: "tidings.resumed",
  /** Events are missing here: they are no longer held. */
  gap: "tidings.gap",
  /** Only moves the cursor: up to its id, there were no events for the reader. */
  position: "tidings.position",
  /** A keep-alive, for readers that watch their connection. */
  alive: "tidings.alive",
  /** Who is there, at a topic whose presence the reader asked for. */
  present: "tidings.present",
  /** Who has come to such a topic. */
  joined: "tidings.joined",
  /** Who has left such a topic. */
  left: "tidings.left",
  /** The hub has no room for the reader now; the stream ends. */
  busy: "tidings.busy",
} as const;
export type HubEvent = (typeof HubEvent)[keyof typeof HubEvent];

/** Whether the type belongs to hub events. */
export function isHubEvent(type: string): boolean {
  return type === HubEvent.connected || type.startsWith("tidings.");
}

/** The data of `connected`. */
export interface Connected {
  readonly client_id: string;
  readonly status: "connected";
}

/** The data of `tidings.current`. */
export interface Current {
  /** How many current values the reader has been sent. */
  readonly count: number;
}

/** The data of `tidings.resumed`. */
export interface Resumed {
  /** The last event id that the reader named. */
  readonly from: string;
  /** How many events it has been sent since then. */
  readonly count: number;
}

/** The data of `tidings.gap`. */
export interface Gap {
  /** The last event id that the reader named; in mid-stream, the place up to which it has all events. */
  readonly requested: string;
  /** The place of the oldest event after the gap; null when there is none yet. */
  readonly earliest: string | null;
}

/** The data of `tidings.present`, `tidings.joined` and `tidings.left`: readers, by the subjects of their tokens. */
export interface Subjects {
  /** The topic, or the pattern, as it was asked for; `*` where none was. */
  readonly topic: string;
  /** At most 100 of them. */
  readonly subjects: readonly string[];
  /** How many there are besides. */
  readonly more: number;
}

/** The data of `tidings.busy`. */
export interface Busy {
  /** The type of the problem, as other clients are told it. */
  readonly reason: string;
  /** When to come back, in seconds. */
  readonly retry_after: number;
}

/** The data of each hub event. */
export interface HubEventData {
  readonly connected: Connected;
  readonly "tidings.current": Current;
  readonly "tidings.resumed": Resumed;
  readonly "tidings.gap": Gap;
  readonly "tidings.position": Record<never, never>;
  readonly "tidings.alive": Record<never, never>;
  readonly "tidings.present": Subjects;
  readonly "tidings.joined": Subjects;
  readonly "tidings.left": Subjects;
  readonly "tidings.busy": Busy;
}
