import { NestingError, parseExactly } from "../events/exact-json.ts";
import type { AnyEvents, OutgoingEvent } from "../sdk/index.ts";
import { CliError } from "./error.ts";

export type Event = OutgoingEvent<AnyEvents>;

/** Explains how to correct a text that is not JSON. */
type Hint = (text: string) => string;

/** Parses the data of an event. @throws CliError when it is not JSON */
export function parseData(text: string, hint: Hint = textHint): unknown {
  try {
    return parseExactly(text).exact;
  } catch (error) {
    if (error instanceof NestingError) throw new CliError(`${error.message}: ${excerpt(text)}`);
    throw new CliError(`not JSON: ${excerpt(text)}${hint(text)}`);
  }
}

/** Parses an event, `{"type":…,"data":…,"topics":[…]}`. @throws CliError when it is none */
export function parseEvent(text: string): Event {
  const value = parseData(text, eventLineHint);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CliError(`not an event, {"type":…,"data":…}: ${excerpt(text)}`);
  }
  assertEvent(value);
  return value;
}

const isString = (value: unknown) => typeof value === "string";
const isOptional = (is: (value: unknown) => boolean) => (value: unknown) => value === undefined || is(value);

const members: readonly [name: string, is: (value: unknown) => boolean, expected: string][] = [
  ["type", isString, "a text"],
  ["data", (value) => value !== undefined, "a JSON value"],
  ["topics", isOptional((value) => Array.isArray(value) && value.every(isString)), "a list of texts"],
  ["topic", isOptional(isString), "a text"],
  ["id", isOptional(isString), "a text"],
  ["retry", isOptional((value) => typeof value === "number"), "a number"],
  ["private", isOptional((value) => typeof value === "boolean"), "true or false"],
  ["retain", isOptional((value) => typeof value === "boolean"), "true or false"],
  ["end", isOptional((value) => typeof value === "boolean"), "true or false"],
];

/** Checks the types of the members. The hub checks the rest. */
function assertEvent(value: object): asserts value is Event {
  const given = new Map<string, unknown>(Object.entries(value));
  for (const [name, is, expected] of members) {
    if (is(given.get(name))) continue;
    throw new CliError(given.has(name) ? `/${name} Expected ${expected}` : `/${name} is missing`);
  }
}

/** A hint for the data of an event. The most likely mistake is text without quotes. */
function textHint(text: string): string {
  if (/^\s*[{[]\s*[a-z_$']/i.test(text)) return `; names and texts need double quotes, '{"id":1}'`;
  if (/^\s*["[{]/.test(text)) return "";
  return /^\S{1,60}$/.test(text)
    ? `; text needs quotes of its own, '"${text}"', or --text ${text}`
    : "; text needs quotes of its own, or --text";
}

/** A hint for a line of data. It may be the first line of a longer value. */
export function dataLineHint(text: string): string {
  return isUnfinished(text)
    ? "; input is a value a line, as jq -c . makes it; @- instead of - takes all of it as one value"
    : textHint(text);
}

function eventLineHint(text: string): string {
  return isUnfinished(text) ? "; input is an event a line, as jq -c . makes it" : "";
}

function isUnfinished(text: string): boolean {
  return /^\s*[[{]/.test(text) && !/[\]}]\s*$/.test(text);
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** Yields the lines of a stream of bytes without their ends (LF or CRLF), each as soon as it is complete. */
export async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  // Not node:readline: it also ends lines at U+2028 and U+2029, which JSON texts may contain.
  const decoder = new TextDecoder();
  let rest: string[] = [];
  for await (const bytes of input) {
    const [first = "", ...more] = decoder.decode(bytes, { stream: true }).split("\n");
    rest.push(first);
    for (const start of more) {
      yield rest.join("").replace(/\r$/, "");
      rest = [start];
    }
  }
  const last = rest.join("") + decoder.decode();
  if (last !== "") yield last;
}
