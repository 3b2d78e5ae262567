import { EARLIEST, isEventId } from "../events/names.ts";
import type { Log } from "../log/log.ts";
import { encodeId, encodeJsonFrame, encodeRetry, joinFrames } from "../protocol/frame.ts";
import { HubEvent, type HubEventData } from "../protocol/hub-events.ts";

interface HubFrameFields {
  readonly id?: string | undefined;
}

/** A hub event as bytes. */
export function hubFrame<Name extends HubEvent>(
  event: Name,
  data: HubEventData[Name],
  fields: HubFrameFields = {},
): Uint8Array {
  return encodeJsonFrame({ event, json: JSON.stringify(data), ...fields });
}

/** Moves the cursor of a reader that had no events up to this place. */
export function positionFrame(place: string): Uint8Array {
  return hubFrame(HubEvent.position, {}, { id: place });
}

/** The keep-alive of readers that asked for an event instead of a comment. */
export const ALIVE: Uint8Array = hubFrame(HubEvent.alive, {});

/** The reconnection time that browsers are told at first, in ms. */
const RETRY_MS = 3000;

/** The first block of a stream: the id of the client, and the place where the stream begins. */
export function greeting(clientId: string, log: Log, lastEventId: string | undefined): Uint8Array {
  const data = { client_id: clientId, status: "connected" } as const;
  const frame = joinFrames([encodeRetry(RETRY_MS), hubFrame(HubEvent.connected, data)]);
  const beginning = beginningOf(log, lastEventId);
  // The id replaces the empty line at the end of the frame, and brings one of its own.
  return beginning === undefined ? frame : joinFrames([frame.subarray(0, -1), encodeId(beginning)]);
}

/** The cursor that brings a reader back to the same place when it loses its stream before its first event. */
function beginningOf(log: Log, lastEventId: string | undefined): string | undefined {
  const { head, earliest = head + 1 } = log;
  if (lastEventId === undefined) return log.place(head);
  // `earliest` as a cursor would hide a gap, when the oldest events are trimmed before the return.
  if (lastEventId === EARLIEST) return log.place(earliest - 1);
  // A text that can't be an id is an unknown id: the reader is told of a gap.
  return isEventId(lastEventId) ? lastEventId : undefined;
}
