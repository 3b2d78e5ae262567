import { computed, signal } from "@preact/signals";
import type { ConsoleEvent } from "../../../protocol/console-feed.ts";
import { catalog } from "../data/catalog.ts";
import { exampleOf } from "./example.ts";
import { initialValue } from "./schema.ts";

/** The event in the publish form. */
export interface Draft {
  readonly type: string;
  /** Undefined while nothing is filled in. */
  readonly data: unknown;
  readonly topics: readonly string[];
  readonly id: string;
  readonly private: boolean;
}

export const draft = signal<Draft>({ type: "", data: undefined, topics: [], id: "", private: false });

/** Changes when the form is to be drawn anew, since its data came from elsewhere. */
export const draftNumber = signal(0);

/** The draft as `POST /publish` takes it. */
export const published = computed(() => {
  const { type, data, topics, id, private: hidden } = draft.value;
  return {
    type,
    data,
    ...(topics.length > 0 && { topics }),
    ...(id !== "" && { id }),
    ...(hidden && { private: true }),
  };
});

export type PublishedDraft = typeof published.value;

export function change(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
}

/** Begins an event of the type, with what its schema already says. */
export function begin(type: string): void {
  const schema = catalog.value[type];
  change({ type, data: schema && initialValue(schema) });
  draftNumber.value++;
}

/** Fills in an example of the draft's type, which the catalog has. */
export function fillIn(): void {
  const { type } = draft.value;
  const schema = catalog.value[type];
  if (!schema) return;
  change({ data: exampleOf(type, schema) });
  draftNumber.value++;
}

/** Opens the publish form with the event in it; its id is not taken along, since it is used. */
export function publishAgain({ type, json, topics }: Pick<ConsoleEvent, "type" | "json" | "topics">): void {
  draft.value = { type, data: JSON.parse(json), topics, id: "", private: false };
  draftNumber.value++;
  location.hash = "publish";
}
