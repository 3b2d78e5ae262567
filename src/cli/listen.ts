import { Option } from "commander";
import { duration } from "../config/values.ts";
import { CommandWithVariables } from "../config/variables.ts";
import { type AnyEvents, createSubscriber, type ReceivedEvent, type TidingsError } from "../sdk/index.ts";
import { isCertificateFailure } from "../sdk/network-failure.ts";
import { MAX_TIMER_MS } from "../timers.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";
import { notesAndExamples } from "./help.ts";
import {
  connectionOf,
  defaultUrlOption,
  type HubOptions,
  hubFailure,
  tokenOption,
  topicOption,
  typeOption,
} from "./hub-connection.ts";
import { notice, print, printable } from "./output.ts";

interface ListenOptions extends HubOptions {
  readonly topic?: readonly string[];
  readonly type?: readonly string[];
  readonly lastEventId?: string;
  readonly json?: true;
  /** Milliseconds. */
  readonly timeout?: number;
}

export const listen = new CommandWithVariables("listen")
  .description("Print events as they come, one a line. Reconnects by itself and goes on where it was.")
  .addOption(topicOption("topic, prefix that ends in *, or *; repeats; none: every event"))
  .addOption(typeOption("only events of this type; repeats"))
  .addOption(new Option("--last-event-id <id>", "start after this event; earliest for all that is held"))
  .addOption(new Option("-j, --json", 'print {"id":…,"type":…,"data":…}'))
  .addOption(
    new Option(
      "--timeout <duration>",
      "give up when the hub is away for this long; without it, never",
    ).argParser(duration),
  )
  .addOption(defaultUrlOption())
  .addOption(tokenOption())
  .addHelpText("after", ({ command }) =>
    notesAndExamples(
      command,
      "A line is id, type and data with tabs between. Notices go to standard error.",
      [
        "tidings listen",
        "tidings listen --topic 'orders/*' --type order-created",
        "tidings listen --last-event-id earliest --json | jq .data",
        "tidings listen --timeout 10s | head -n 1",
      ],
    ),
  )
  .action(run);

async function run({ topic, type, lastEventId, json, timeout, ...hub }: ListenOptions): Promise<void> {
  // Each line is out before the next is made, so there is nothing to finish.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));

  let state: "first" | "waiting" | "open" | "lost" = "first";
  const patience = new Patience(timeout);
  // The first answer, too, may take for ever. Without any patience it is a failure that ends it.
  if (timeout !== 0) patience.start();
  const events = createSubscriber<AnyEvents>({
    ...connectionOf(hub),
    topics: topic,
    types: type,
    lastEventId,
    signal: patience.signal,
    onOpen() {
      patience.stop();
      if (state === "lost") notice("connected again");
      else if (state === "waiting" || process.stderr.isTTY) notice(`connected to ${hub.url}`);
      state = "open";
    },
    onGap({ requested, earliest }) {
      notice(
        `events are missing: ${requested} is no longer held, the oldest is ${earliest ?? "still to come"}`,
      );
    },
    onReconnect({ error }) {
      // A hub that has not started yet will; one with a wrong certificate goes on having it.
      if (state === "first" && isCertificateFailure(error?.cause)) throw error;
      patience.start(error);
      if (state === "first") notice(`waiting for the hub${error ? `: ${error.message}` : ""}`);
      if (state === "open") notice(`lost the hub, trying again${error ? `: ${error.message}` : ""}`);
      state = state === "open" || state === "lost" ? "lost" : "waiting";
    },
  });
  try {
    for await (const event of events) {
      if (!(await print(`${json ? printable(JSON.stringify(event)) : readable(event)}\n`))) return;
    }
  } catch (error) {
    throw hubFailure(error);
  }
  patience.throwIfOver();
}

/** Ends the wait for a hub that is away for too long. */
class Patience {
  readonly #timeout: number | undefined;
  readonly #end = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cause: TidingsError | undefined;

  /** In ms; undefined for no end. */
  constructor(timeout: number | undefined) {
    this.#timeout = timeout;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** The hub is away, for this reason. */
  start(cause?: TidingsError | undefined): void {
    this.#cause = cause ?? this.#cause;
    if (this.#timeout === undefined) return;
    this.#timer ??= setTimeout(() => this.#end.abort(), Math.min(this.#timeout, MAX_TIMER_MS));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** @throws CliError */
  throwIfOver(): void {
    if (!this.#end.signal.aborted) return;
    const reason = this.#cause?.message ?? "the hub gave no stream";
    throw new CliError(printable(`gave up waiting: ${reason}`), EXIT_UNAVAILABLE);
  }
}

function readable({ id, type, data }: ReceivedEvent<AnyEvents>): string {
  return [id, type, JSON.stringify(data)].map(printable).join("\t");
}
