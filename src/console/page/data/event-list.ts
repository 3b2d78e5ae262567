import { signal } from "@preact/signals";
import type { ConsoleEvent, ConsoleEvents } from "../../../protocol/console-feed.ts";

/** How many events the page keeps. */
const MAX_EVENTS = 5000;
/** So many more may pile up before the oldest are let go, so that it is not done for each. */
const MAX_EXCESS = 1000;

/** An event with its place in the order in which the page met them. */
export interface ListedEvent extends ConsoleEvent {
  readonly number: number;
}

export interface EventFilter {
  readonly type: string;
  readonly topic: string;
  readonly text: string;
}

const NO_FILTER: EventFilter = { type: "", topic: "", text: "" };

/** The newest events, and those of them that pass the filter. */
export class EventList {
  /** Changes whenever what {@link matching} holds has changed. */
  readonly changed = signal(0);
  readonly filter = signal<EventFilter>(NO_FILTER);
  readonly paused = signal(false);
  /** How many came since the list was paused. */
  readonly waiting = signal(0);
  /** How many were not shown because too many came at once. */
  readonly skipped = signal(0);
  /** Oldest first. */
  matching: ListedEvent[] = [];
  #all: ListedEvent[] = [];
  /** What came while the list was paused. */
  #held: ListedEvent[] = [];
  #met = 0;
  /** The ids met lately: a connection that was lost begins again with some that are known. */
  #known = new Set<string>();

  add({ backlog, events, skipped }: ConsoleEvents): void {
    const fresh: ListedEvent[] = [];
    for (const event of events) {
      if (backlog && this.#known.has(event.id)) continue;
      this.#known.add(event.id);
      fresh.push({ ...event, number: this.#met++ });
    }
    this.skipped.value += skipped;
    if (this.paused.value) {
      this.#held.push(...fresh);
      if (this.#held.length > MAX_EVENTS) this.#held = this.#held.slice(-MAX_EVENTS);
      this.waiting.value += fresh.length + skipped;
      return;
    }
    this.#append(fresh);
  }

  /** All that the page has, oldest first, what came while the list was paused included. */
  get known(): readonly ListedEvent[] {
    return this.#held.length > 0 ? [...this.#all, ...this.#held] : this.#all;
  }

  get total(): number {
    return this.#all.length;
  }

  setFilter(filter: Partial<EventFilter>): void {
    this.filter.value = { ...this.filter.value, ...filter };
    this.#refilter();
  }

  clearFilter(): void {
    this.filter.value = NO_FILTER;
    this.#refilter();
  }

  pause(paused: boolean): void {
    this.paused.value = paused;
    this.waiting.value = 0;
    if (paused) return;
    const held = this.#held;
    this.#held = [];
    this.#append(held);
  }

  /** Empties the list. */
  clear(): void {
    this.#all = [];
    this.#held = [];
    this.matching = [];
    this.waiting.value = 0;
    this.skipped.value = 0;
    this.changed.value++;
  }

  #append(events: readonly ListedEvent[]): void {
    if (events.length === 0) return;
    const passes = predicate(this.filter.value);
    this.#all.push(...events);
    for (const event of events) if (passes(event)) this.matching.push(event);
    if (this.#all.length > MAX_EVENTS + MAX_EXCESS) {
      this.#all = this.#all.slice(-MAX_EVENTS);
      const first = this.#all[0]?.number ?? 0;
      this.matching = this.matching.filter(({ number }) => number >= first);
      this.#known = new Set(this.#all.map(({ id }) => id));
    }
    this.changed.value++;
  }

  #refilter(): void {
    this.matching = this.#all.filter(predicate(this.filter.value));
    this.changed.value++;
  }
}

/** Topics are filtered as a subscription asks for them: a prefix may end in `*`. */
function predicate({ type, topic, text }: EventFilter): (event: ConsoleEvent) => boolean {
  const wantedText = text.trim().toLowerCase();
  const wantedTopic = topic.trim();
  const prefix = wantedTopic.endsWith("*") ? wantedTopic.slice(0, -1) : undefined;
  return (event) =>
    (type === "" || event.type === type) &&
    (wantedTopic === "" ||
      event.topics.some((name) => (prefix === undefined ? name === wantedTopic : name.startsWith(prefix)))) &&
    (wantedText === "" ||
      event.json.toLowerCase().includes(wantedText) ||
      event.type.toLowerCase().includes(wantedText) ||
      event.id.toLowerCase().includes(wantedText));
}

export const events = new EventList();
