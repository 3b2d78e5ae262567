import type { Status } from "../../src/protocol/status.ts";
import { post } from "../post.ts";

/** What `GET /status` says. */
export async function statusOf(url: string): Promise<Status> {
  return (await fetch(`${url}/status`)).json() as Promise<Status>;
}

/** A stored event as `GET /history` shows it. */
export interface Stored {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: unknown;
}

/** Publishes one event, or a list of them as a batch. */
export function publish(url: string, events: object | readonly object[]): Promise<Response> {
  return post(`${url}/publish${Array.isArray(events) ? "/batch" : ""}`, events);
}

/**
 * Publishes for three seconds, by so many at once, and then until one second has brought enough of the
 * rate: a busy machine has slower ones.
 *
 * @returns how many were taken, and in how many seconds.
 */
export async function publishAtRate(perSecond: number, publishers: readonly (() => Promise<Response>)[]) {
  const startedAt = performance.now();
  const times: number[] = [];
  const isOver = () => {
    const now = performance.now();
    return now > startedAt + 3000 && times.filter((time) => time > now - 1000).length > perSecond * 0.7;
  };
  await Promise.all(
    publishers.map(async (publish) => {
      while (!isOver()) {
        if ((await publish()).ok) times.push(performance.now());
        else await Bun.sleep(20);
      }
    }),
  );
  return { taken: times.length, seconds: (performance.now() - startedAt) / 1000 };
}

/** All that the hub holds, page by page. */
export async function readAll(url: string): Promise<Stored[]> {
  const all: Stored[] = [];
  for (let after = "earliest", more = true; more; ) {
    const answer = await fetch(`${url}/history?${new URLSearchParams({ limit: "1000", after })}`);
    if (!answer.ok) throw new Error(await answer.text());
    const page = (await answer.json()) as { events: Stored[]; next: string; more: boolean };
    all.push(...page.events);
    ({ next: after, more } = page);
  }
  return all;
}
