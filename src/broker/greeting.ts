import { EARLIEST, isEventId } from "../events/names.ts";
import type { Log } from "../log/log.ts";
import { encodeId, joinFrames } from "../protocol/frame.ts";
import { HubEvent } from "../protocol/hub-events.ts";
import { hubFrame } from "./hub-frames.ts";

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
