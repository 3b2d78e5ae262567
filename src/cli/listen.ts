import { Option } from "commander";
import { CommandWithVariables } from "../config/variables.ts";
import { type AnyEvents, createSubscriber, type ReceivedEvent } from "../sdk/index.ts";
import { hubFailure } from "./hub-failure.ts";
import { type HubOptions, tokenOption, topicOption, typeOption, urlOption } from "./hub-options.ts";
import { print, printable } from "./output.ts";

interface ListenOptions extends HubOptions {
  readonly topic?: readonly string[];
  readonly type?: readonly string[];
  readonly lastEventId?: string;
  readonly json?: true;
}

export const listen = new CommandWithVariables("listen")
  .description("Print events as they come, one a line. Reconnects by itself and goes on where it was.")
  .addOption(topicOption("a topic, a prefix that ends in *, or *; repeats; none: every event"))
  .addOption(typeOption("only events of this type; repeats"))
  .addOption(new Option("--last-event-id <id>", "start after this event; earliest for all that is held"))
  .addOption(new Option("--json", 'print {"id":…,"type":…,"data":…}'))
  .addOption(urlOption())
  .addOption(tokenOption())
  .addHelpText(
    "after",
    `
Every flag has an environment variable, named in brackets; a flag wins.
A line is id, type and data with tabs between. What else there is to say goes to standard error.

  $ tidings listen
  $ tidings listen --topic 'orders/*' --type order-created
  $ tidings listen --last-event-id earliest --json | jq .data`,
  )
  .action(run);

async function run({ topic, type, lastEventId, json, ...connection }: ListenOptions): Promise<void> {
  // Each line is out before the next is made, so there is nothing to finish.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));

  let state: "first" | "open" | "lost" = "first";
  const events = createSubscriber<AnyEvents>({
    ...connection,
    topics: topic,
    types: type,
    lastEventId,
    onOpen() {
      if (state === "lost") notice("connected again");
      state = "open";
    },
    onGap({ requested, earliest }) {
      notice(
        `events are missing: ${requested} is no longer held, the oldest is ${earliest ?? "still to come"}`,
      );
    },
    onReconnect({ error }) {
      // A hub that was there will come back; one that never was may be a wrong address.
      if (state === "first" && error) throw error;
      if (state === "open") notice(`lost the hub, trying again${error ? `: ${error.message}` : ""}`);
      state = "lost";
    },
  });
  try {
    for await (const event of events) {
      if (!(await print(`${json ? printable(JSON.stringify(event)) : readable(event)}\n`))) return;
    }
  } catch (error) {
    throw hubFailure(error);
  }
}

function readable({ id, type, data }: ReceivedEvent<AnyEvents>): string {
  return [id, type, JSON.stringify(data)].map(printable).join("\t");
}

function notice(text: string): void {
  console.error(`tidings: ${printable(text)}`);
}
