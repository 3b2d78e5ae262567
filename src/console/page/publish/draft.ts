import { signal } from "@preact/signals";
import type { ConsoleEvent } from "../../console-event.ts";

/** The event in the publish form. */
export interface Draft {
  readonly type: string;
  readonly data: unknown;
  readonly topics: readonly string[];
}

export const draft = signal<Draft>({ type: "notification", data: undefined, topics: [] });

/** Opens the publish form with the event in it. */
export function publishAgain({ type, json, topics }: Pick<ConsoleEvent, "type" | "json" | "topics">): void {
  draft.value = { type, data: JSON.parse(json), topics };
  location.hash = "publish";
}
