import { Option } from "commander";
import { CommandWithVariables } from "../config/variables.ts";
import { type AnyEvents, createPublisher, type Publisher } from "../sdk/index.ts";
import { CliError } from "./error.ts";
import { type Event, parseData, parseEvent } from "./event-line.ts";
import { hubFailure } from "./hub-failure.ts";
import { type HubOptions, tokenOption, topicOption, urlOption } from "./hub-options.ts";
import { readLines } from "./lines.ts";
import { print } from "./output.ts";
import { startProgress } from "./progress.ts";

const STDIN = "-";

interface PublishOptions extends HubOptions {
  readonly topic?: readonly string[];
  readonly id?: string;
}

export const publish = new CommandWithVariables("publish")
  .description("Publish events: one, or a line of input each. Prints their ids.")
  .argument("<type>", "the event's type, or - for whole events from standard input")
  .argument("[json]", "the event's data, or - for that of many from standard input")
  .addOption(topicOption("a topic of the event; repeats; none: a broadcast to everyone"))
  .addOption(new Option("--id <id>", "the event's id, with which publishing it again is harmless"))
  .addOption(urlOption())
  .addOption(tokenOption())
  .addHelpText(
    "after",
    `
Every flag has an environment variable, named in brackets; a flag wins.
Input is NDJSON, one event a line. What has arrived goes out at once.

  $ tidings publish greeting '"hello"'
  $ tidings publish order-created '{"id":1}' --topic orders/1
  $ tail -f orders.ndjson | tidings publish order-created - --topic orders
  $ echo '{"type":"order-created","data":{"id":1},"topics":["orders/1"]}' | tidings publish -`,
  )
  .action(run);

async function run(type: string, json: string | undefined, options: PublishOptions): Promise<void> {
  const { topic: topics, id, ...connection } = options;
  const hub = createPublisher<AnyEvents>(connection);
  if (type === STDIN || json === STDIN) {
    if (type === STDIN && json !== undefined) throw new CliError("after - there is no data to give");
    if (id !== undefined) throw new CliError("--id is for a single event; a line of input has its own");
    const parse = type === STDIN ? parseEvent : (line: string) => ({ type, data: parseData(line) });
    await publishLines(hub, (line) => withTopics(parse(line), topics));
    return;
  }
  if (json === undefined) {
    throw new CliError(`give the data of ${type} as JSON, such as '{"id":1}', or - to read it from input`);
  }
  const data = parseData(json);
  try {
    const published = await hub.publish(type, data, { topics, id });
    await print(`${published.id}\n`);
  } catch (error) {
    throw hubFailure(error);
  }
}

/** The topics of the command line are for the events that name none. */
function withTopics(event: Event, topics: readonly string[] | undefined): Event {
  return event.topic !== undefined || event.topics !== undefined ? event : { ...event, topics };
}

/** Publishes each line of standard input as it comes; blank ones are passed over. */
async function publishLines(hub: Publisher<AnyEvents>, parse: (line: string) => Event): Promise<void> {
  /** The numbers of the lines that are on their way, oldest first. */
  const underway: number[] = [];
  async function* events() {
    let number = 0;
    for await (const line of readLines(Bun.stdin.stream())) {
      number++;
      if (line.trim() === "") continue;
      const event = parseLine(parse, line, number);
      underway.push(number);
      yield event;
    }
  }

  const progress = startProgress();
  // On a terminal ten thousand ids would only be in the way.
  let printing = !process.stdout.isTTY;
  try {
    for await (const { ids } of hub.publishStream(events())) {
      underway.splice(0, ids.length);
      progress.add(ids.length);
      // Nobody reads the ids any more: the events are wanted all the same.
      if (printing) printing = await print(`${ids.join("\n")}\n`);
    }
  } catch (error) {
    progress.stop();
    // All before it are acknowledged: the first that is not is the one that failed.
    throw hubFailure(error, underway[0] === undefined ? "" : `line ${underway[0]}: `);
  }
  progress.done();
}

function parseLine(parse: (line: string) => Event, line: string, number: number): Event {
  try {
    return parse(line);
  } catch (error) {
    throw error instanceof CliError ? new CliError(`line ${number}: ${error.message}`) : error;
  }
}
