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
