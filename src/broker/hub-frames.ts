import { EARLIEST, isEventId } from "../events/names.ts";
import type { Log } from "../log/log.ts";
import { encodeJsonFrame } from "../protocol/frame.ts";
import type { HubEvent, HubEventData } from "../protocol/hub-events.ts";
import { owedCursor } from "../protocol/place.ts";

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

/** The cursor that brings a reader back to the same place when it loses its stream before its first event. */
export function beginningOf(log: Log, lastEventId: string | undefined): string | undefined {
  const { head, earliest = head + 1 } = log;
  // The current values come first, so who leaves before is to be sent them when it is back.
  if (lastEventId === undefined) return log.hasCurrent ? owedCursor(log.place(head)) : log.place(head);
  // `earliest` as a cursor would hide a gap, when the oldest events are trimmed before the return.
  if (lastEventId === EARLIEST) return log.place(earliest - 1);
  // A text that can't be an id is an unknown id: the reader is told of a gap.
  return isEventId(lastEventId) ? lastEventId : undefined;
}
