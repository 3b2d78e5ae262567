import { Option } from "commander";
import { readNamedFile } from "../config/config-error.ts";
import { CommandWithVariables } from "../config/variables.ts";
import {
  type AnyEvents,
  createPublisher,
  type EventOptions,
  type Published,
  type Publisher,
} from "../sdk/index.ts";
import { CliError } from "./error.ts";
import { dataLineHint, type Event, parseData, parseEvent, readLines } from "./event-line.ts";
import { notesAndExamples } from "./help.ts";
import {
  connectionOf,
  defaultUrlOption,
  type HubOptions,
  hubFailure,
  tokenOption,
  topicOption,
} from "./hub-connection.ts";
import { notice, print } from "./output.ts";
import { startProgress } from "./progress.ts";

const STDIN = "-";
/** The prefix of a file name, as in curl. */
const FILE = "@";

interface PublishOptions extends HubOptions {
  readonly text?: string;
  readonly topic?: readonly string[];
  readonly id?: string;
  readonly retain?: true;
  readonly end?: true;
}

export const publish = new CommandWithVariables("publish")
  .description("Publish an event, or one for each line of input. Prints their ids.")
  .argument("<type>", "type of the event, or - for whole events from standard input")
  .argument("[json]", "data of the event: JSON, @FILE, @- for all of standard input, or - for a value a line")
  .addOption(new Option("--text <text>", "data of the event, as a text that needs no quotes"))
  .addOption(topicOption("topic of the event; repeats; none: a broadcast to everyone"))
  .addOption(new Option("-i, --id <id>", "id of the event: publishing it again changes nothing"))
  .addOption(new Option("--retain", "keep it as the current value, which new readers are sent first"))
  .addOption(new Option("--end", "it is the last event of its topics, which end"))
  .addOption(defaultUrlOption())
  .addOption(tokenOption())
  .addHelpText("after", ({ command }) =>
    notesAndExamples(command, "An event of input goes out as soon as its line is there.", [
      "tidings publish greeting --text hello",
      "tidings publish order-created '{\"id\":1}' --topic orders/1",
      "tidings publish order-created @order.json --topic orders/1",
      "tail -f orders.ndjson | tidings publish order-created - --topic orders",
      'echo \'{"type":"a","data":1,"topics":["b"]}\' | tidings publish -',
    ]),
  )
  .action(run);

async function run(type: string, json: string | undefined, options: PublishOptions): Promise<void> {
  const { topic: topics, id, text, retain, end } = options;
  const hub = createPublisher<AnyEvents>(connectionOf(options));
  if (text !== undefined && json !== undefined)
    throw new CliError("give the data once: as JSON or as --text");
  if (type === STDIN || json === STDIN) {
    if (type === STDIN && (json ?? text) !== undefined)
      throw new CliError("after - there is no data to give");
    if (id !== undefined) throw new CliError("--id is for a single event; a line of input has its own");
    if (end) throw new CliError("--end is for a single event; a line of input has its own, as a member");
    const parse =
      type === STDIN ? parseEvent : (line: string) => ({ type, data: parseData(line, dataLineHint) });
    await publishLines(hub, (line) => withOptions(parse(line), { topics, retain }));
    return;
  }
  const data = text ?? (await readData(type, json));
  try {
    const published = await hub.publish(type, data, { topics, id, retain, end });
    await print(`${published.id}\n`);
    if (process.stdout.isTTY && process.stderr.isTTY) notice(describe(published));
  } catch (error) {
    throw hubFailure(error);
  }
}

async function readData(type: string, json: string | undefined): Promise<unknown> {
  if (json === undefined) {
    throw new CliError(
      `give the data of ${type}: JSON such as '{"id":1}', --text TEXT, @FILE, or - to read it from input`,
    );
  }
  if (!json.startsWith(FILE)) return parseData(json);
  const name = json.slice(FILE.length);
  const text = name === STDIN ? await Bun.stdin.text() : readNamedFile("the file", name);
  try {
    return parseData(text.trim());
  } catch (error) {
    throw error instanceof CliError ? new CliError(`${json}: ${error.message}`) : error;
  }
}

function describe({ recipients, duplicate }: Published): string {
  if (duplicate) return "the hub has had it before";
  if (recipients === 0) return "nobody listens for it now";
  return `sent to ${recipients} ${recipients === 1 ? "client" : "clients"}`;
}

/** Adds the topics and `retain` of the command line to an event that says nothing of them itself. */
function withOptions(event: Event, { topics, retain }: Pick<EventOptions, "topics" | "retain">): Event {
  const hasTopics = event.topic !== undefined || event.topics !== undefined;
  return { retain, ...event, ...(!hasTopics && { topics }) };
}

/** Publishes each line of standard input as it comes, and ignores blank lines. */
async function publishLines(hub: Publisher<AnyEvents>, parse: (line: string) => Event): Promise<void> {
  /** The numbers of the lines without an acknowledgement, oldest first. */
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
  // Thousands of ids would fill a terminal.
  let printing = !process.stdout.isTTY;
  try {
    for await (const { ids } of hub.publishStream(events())) {
      underway.splice(0, ids.length);
      progress.add(ids.length);
      // When nobody reads the ids any more, the events are still published.
      if (printing) printing = await print(`${ids.join("\n")}\n`);
    }
  } catch (error) {
    progress.stop();
    // The first line without an acknowledgement is the one that failed.
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
