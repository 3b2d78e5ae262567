import { encodeId, encodeJsonFrame, joinFrames } from "../protocol/frame.ts";
import { HubEvent, type HubEventData } from "../protocol/hub-events.ts";

/** How long browsers wait before they reconnect, in ms, until they are told otherwise. */
const RETRY_MS = 3000;

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

/** The first block of a stream. `id` is the place where it begins. */
export function connectedFrame(clientId: string, id: string | undefined): Uint8Array {
  const data = { client_id: clientId, status: "connected" } as const;
  const frame = hubFrame(HubEvent.connected, data, { retry: RETRY_MS });
  // The id comes last, instead of the line that ends the frame.
  return id === undefined ? frame : joinFrames([frame.subarray(0, -1), encodeId(id)]);
}

/** Moves the cursor of readers for whom there was nothing up to that place. */
export function positionFrame(place: string): Uint8Array {
  return hubFrame(HubEvent.position, {}, { id: place });
}

/** What readers are sent instead of a comment, if they asked for it. */
export const ALIVE: Uint8Array = hubFrame(HubEvent.alive, {});
