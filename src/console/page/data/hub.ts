import { batch, computed, signal } from "@preact/signals";
import type { ConsoleEvents, PastFigures, Tick } from "../../../protocol/console-feed.ts";
import { version } from "../../../version.ts";
import { events } from "./event-list.ts";
import { figures } from "./figures.ts";
import { topicRates, typeRates } from "./rates.ts";
import { type Connection, type Message, Stream } from "./stream.ts";

/** The hub ticks every second: when it has not for this many ms, something is wrong. */
const MAX_SILENCE_MS = 5000;

/** How the page's own stream from the hub is. */
export const connection = signal<Connection>({ state: "connecting" });
/** The newest figures; undefined before the first. They are stale unless {@link isLive}. */
export const tick = signal<Tick | undefined>(undefined);
/** When those came, in Unix ms. */
export const tickedAt = signal(0);
/** By how many ms the hub's clock is ahead of this machine's. */
export const hubOffset = computed(() => (tick.value ? tick.value.now - tickedAt.value : 0));
/** What is shown is what is. */
export const isLive = computed(() => connection.value.state === "open" && tick.value !== undefined);
/** The hub asks for the administrator's key first. */
export const isLocked = computed(() => {
  const now = connection.value;
  return now.state === "refused" && (now.status === 401 || now.status === 403);
});
/** The hub is another release than the one that this page came from. */
export const isOutdated = computed(() => tick.value !== undefined && tick.value.status.version !== version);

let stream: Stream | undefined;

/** Connects; again, after a refusal. */
export function connect(): void {
  stream?.close();
  stream = new Stream({
    path: "console/feed",
    idleTimeout: MAX_SILENCE_MS,
    onConnection: (now) => {
      connection.value = now;
    },
    onMessages: (messages) => batch(() => messages.forEach(take)),
  });
}

/** Tries at once to get back a connection that was lost. */
export function reconnect(): void {
  if (connection.value.state === "waiting") stream?.retry();
  else if (connection.value.state === "refused") connect();
}

function take({ event, data }: Message): void {
  // No schema: this page and what it reads come from the same executable, and a page that an upgrade
  // of the hub has left behind says so (isOutdated).
  if (event === "tick") takeTick(JSON.parse(data) as Tick);
  else if (event === "past") figures.begin(JSON.parse(data) as PastFigures);
  else if (event === "events") takeEvents(JSON.parse(data) as ConsoleEvents);
}

function takeEvents(come: ConsoleEvents): void {
  events.add(come);
  if (!come.backlog) return;
  typeRates.meet(come.events.map(({ type }) => type));
  topicRates.meet(come.events.flatMap(({ topics }) => topics));
}

function takeTick(now: Tick): void {
  figures.add(now, tick.value);
  // The first counts from when the stream began, which is no time at all.
  const seconds = tick.value && now.now > tick.value.now ? (now.now - tick.value.now) / 1000 : 1;
  typeRates.add(now.types, seconds);
  topicRates.add(now.topics, seconds);
  tick.value = now;
  tickedAt.value = Date.now();
}
