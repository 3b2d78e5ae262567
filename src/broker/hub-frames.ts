import { EARLIEST, isEventId } from "../events/names.ts";
import type { Log } from "../log/log.ts";
import { encodeId, encodeJsonFrame, joinFrames } from "../protocol/frame.ts";
import { HubEvent, type HubEventData } from "../protocol/hub-events.ts";

interface HubFrameFields {
  readonly id?: string | undefined;
  readonly retry?: number;
}

/** A hub event as bytes. */
export function hubFrame<Name extends HubEvent>(
  event: Name,
  data: HubEventData[Name],
  fields: HubFrameFields = {},
): Uint8Array {
  return encodeJsonFrame({ event, json: JSON.stringify(data), ...fields });
}

/** Moves the cursor of readers for whom there was nothing up to that place. */
export function positionFrame(place: string): Uint8Array {
  return hubFrame(HubEvent.position, {}, { id: place });
}

/** What readers are sent instead of a comment, if they asked for it. */
export const ALIVE: Uint8Array = hubFrame(HubEvent.alive, {});

/** How long browsers wait before they reconnect, in ms, until they are told otherwise. */
const RETRY_MS = 3000;

/** The first block of a stream: who the client is, and the place where the stream begins. */
export function greeting(clientId: string, log: Log, lastEventId: string | undefined): Uint8Array {
  const data = { client_id: clientId, status: "connected" } as const;
  const frame = hubFrame(HubEvent.connected, data, { retry: RETRY_MS });
  const beginning = beginningOf(log, lastEventId);
  // The id comes last, instead of the line that ends the frame.
  return beginning === undefined ? frame : joinFrames([frame.subarray(0, -1), encodeId(beginning)]);
}

/** The cursor with which a reader that loses its stream before its first event comes back to the same. */
function beginningOf(log: Log, lastEventId: string | undefined): string | undefined {
  const { head, earliest = head + 1 } = log;
  if (lastEventId === undefined) return log.place(head);
  // As a cursor, the word would hide that the oldest events have gone meanwhile.
  if (lastEventId === EARLIEST) return log.place(earliest - 1);
  // What is no id is not known either: the reader is told of a gap, as often as it comes with it.
  return isEventId(lastEventId) ? lastEventId : undefined;
}
