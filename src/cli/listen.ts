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
  readonly presence?: true;
  /** Milliseconds. */
  readonly timeout?: number;
}

export const listen = new CommandWithVariables("listen")
  .description("Print events as they come, one a line. Reconnects by itself and goes on where it was.")
  .addOption(topicOption("topic, prefix that ends in *, or *; repeats; none: every event"))
  .addOption(typeOption("only events of this type; repeats"))
  .addOption(new Option("--last-event-id <id>", "start after this event; earliest for all that is held"))
  .addOption(new Option("-j, --json", 'print {"id":…,"type":…,"topics":[…],"time":…,"data":…}'))
  .addOption(
    new Option("--presence", "say on standard error who else reads the topics, who comes and who goes"),
  )
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
      "A line is id, type, topics (- for none) and data with tabs between.\nNotices go to standard error.",
      [
        "tidings listen",
        "tidings listen --topic 'orders/*' --type order-created",
        "tidings listen --last-event-id earliest --json | jq .data",
        "tidings listen --timeout 10s | head -n 1",
      ],
    ),
  )
  .action(run);

async function run({
  topic,
  type,
  lastEventId,
  json,
  presence,
  timeout,
  ...hub
}: ListenOptions): Promise<void> {
  // Each line is written before the next one is made, so the program can end at any time.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));

  let state: "first" | "waiting" | "open" | "lost" = "first";
  const patience = new Patience(timeout);
  // The first answer may also take too long. With --timeout 0, the first failure ends the command.
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
    onPresence:
      presence &&
      (({ kind, topic, subjects, more }) => {
        const names = [...subjects, ...(more > 0 ? [`${more} more`] : [])];
        notice(printable(`${kind} on ${topic}: ${names.join(", ") || "nobody"}`));
      }),
    onReconnect({ error }) {
      // A hub may start later, but a wrong certificate stays wrong.
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

/** Ends the command when the hub is away for too long. */
class Patience {
  readonly #timeout: number | undefined;
  readonly #end = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cause: TidingsError | undefined;

  /** @param timeout in ms; undefined for no limit */
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

function readable({ id, type, topics, data }: ReceivedEvent<AnyEvents>): string {
  // A topic may have a comma, but a tab in none.
  return [id, type, topics.join(" ") || "-", JSON.stringify(data)].map(printable).join("\t");
}
