import { encodeJsonFrame } from "../protocol/frame.ts";
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
