// Publishes and reads in whatever runtime it is started with: SCRIPT URL. Prints what it saw.
import { type AnyEvents, createPublisher, createSubscriber, TidingsError } from "tidings/sdk";

const url = process.argv[2] ?? "";
const hub = createPublisher<AnyEvents>({ url });

const stop = new AbortController();
let idle = Promise.resolve();
const open = new Promise<void>((resolve) => {
  idle = drain(createSubscriber({ url, topics: ["none"], signal: stop.signal, onOpen: () => resolve() }));
});

const seen: unknown[] = [];
let reading = Promise.resolve();
const live = new Promise<void>((resolve) => {
  reading = read(createSubscriber<AnyEvents>({ url, onOpen: () => resolve() }));
});
await Promise.all([open, live]);

await hub.publish("text", "größe");
async function* numbers() {
  for (let n = 0; n < 2000; n++) yield { type: "n", data: n };
}
await drain(hub.publishStream(numbers()));
await reading;

let refused: unknown;
try {
  await hub.publish("nav-badge-update", { path: "/" });
} catch (error) {
  if (error instanceof TidingsError) refused = [error.status, error.errors[0]?.path];
}

stop.abort();
await idle;
let aborted: unknown;
try {
  await hub.publish("n", 0, { signal: AbortSignal.abort("enough") });
} catch (error) {
  aborted = error;
}
console.log(JSON.stringify({ seen, refused, aborted }));

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

async function read(events: AsyncIterable<{ data: unknown }>): Promise<void> {
  for await (const { data } of events) {
    if (seen.push(data) === 2001) break;
  }
}
