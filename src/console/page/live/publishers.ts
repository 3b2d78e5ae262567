import { signal } from "@preact/signals";
import { hubRoute } from "../hub-url.ts";

/** A publisher as `GET /publishers` has it. */
export interface Publisher {
  /** The account. */
  readonly publisher: string;
  readonly subject: string | null;
  readonly events: number;
  /** The most frequent first. */
  readonly types: readonly { readonly type: string; readonly events: number }[];
}

/** Who publishes what, the busiest first. */
export const publishers = signal<readonly Publisher[]>([]);

/** Asks the hub who publishes what. What is known stays when it does not answer; the page says that elsewhere. */
export async function refreshPublishers(): Promise<void> {
  try {
    const answer = await fetch(hubRoute("publishers"));
    // The hub that made this page made the answer too.
    if (answer.ok) publishers.value = ((await answer.json()) as { publishers: Publisher[] }).publishers;
  } catch {
    // See above.
  }
}

/** What a person calls it. */
export function nameOf({ publisher, subject }: Publisher): string {
  return subject ?? publisher;
}

/** Who publishes a type, in few words; nothing while nobody who does has a name. */
export function publishersOf(list: readonly Publisher[], type: string): string {
  const counted = list.flatMap((one) => {
    const events = one.types.find((each) => each.type === type)?.events;
    return events === undefined ? [] : [{ name: nameOf(one), events }];
  });
  const [first, ...others] = counted.sort((a, b) => b.events - a.events);
  if (!first || (others.length === 0 && first.name === "anonymous")) return "";
  return others.length === 0 ? `by ${first.name}` : `by ${first.name} and ${others.length} more`;
}
