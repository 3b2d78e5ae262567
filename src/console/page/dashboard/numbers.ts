import { signal } from "@preact/signals";
import { isNumber, isRecord, parseJson } from "../../../sdk/narrow.ts";
import type { ListedEvent } from "../data/event-list.ts";
import { type JsonSchema, pointer, shapeOf } from "../publish/schema.ts";

/** A number in the data of a type: the type, `#`, and a JSON Pointer (RFC 6901), as in a URI's fragment. */
export type Field = string;

export interface Line {
  /** A topic; or nothing, for the events of all topics together. */
  readonly name: string;
  /** Oldest first. The times are in Unix ms. */
  readonly points: readonly Point[];
}

export type Point = readonly [time: number, value: number];

/** The most points of a field; then the oldest go. */
const MAX_POINTS = 1000;
/** With more topics than this, all events make one line: a line for each order says nothing. */
const MAX_LINES = 5;
/** How many events of a type are searched for numbers. */
const SEARCHED_EVENTS = 50;
/** The most fields that are found, of all types together. */
const MAX_FIELDS = 500;
/** How deep numbers are looked for. */
const MAX_DEPTH = 4;

interface Sample {
  readonly topic: string;
  readonly point: Point;
}

/** The numbers in the events that the page has met. */
export class Numbers {
  /** Changes with what {@link linesOf} answers. */
  readonly changed = signal(0);
  /** All fields that were found, in the order in which they were. */
  readonly fields = signal<readonly Field[]>([]);
  readonly #samples = new Map<Field, Sample[]>();
  readonly #searched = new Map<string, number>();
  readonly #found = new Set<Field>();
  #next = 0;

  /** Draws these from now on. `events` are all that are known, oldest first. */
  choose(fields: readonly Field[], events: readonly ListedEvent[]): void {
    this.#samples.clear();
    for (const field of fields) this.#samples.set(field, []);
    this.#next = 0;
    this.take(events);
  }

  /** Takes those of the events that it has not met. */
  take(events: readonly ListedEvent[]): void {
    let from = events.length;
    while (from > 0 && (events[from - 1]?.number ?? 0) >= this.#next) from--;
    for (const event of events.slice(from)) this.#add(event);
    this.#next = (events.at(-1)?.number ?? this.#next - 1) + 1;
    if (this.#found.size > this.fields.peek().length) this.fields.value = [...this.#found];
    // It is called within effects, which are not to depend on what they set.
    this.changed.value = this.changed.peek() + 1;
  }

  #add({ type, json, length, topics, time }: ListedEvent): void {
    const searched = this.#searched.get(type) ?? 0;
    const drawn = [...this.#samples].filter(([field]) => typeOf(field) === type);
    if (searched >= SEARCHED_EVENTS && drawn.length === 0) return;
    // Of a long event the page has the beginning alone.
    const data = json.length === length ? parseJson(json) : undefined;
    if (searched < SEARCHED_EVENTS) {
      this.#searched.set(type, searched + 1);
      for (const path of pathsIn(data)) {
        if (this.#found.size < MAX_FIELDS) this.#found.add(`${type}#${path}`);
      }
    }
    for (const [field, samples] of drawn) {
      const value = valueAt(data, pathOf(field));
      if (!isNumber(value)) continue;
      samples.push({ topic: topics[0] ?? "", point: [time, value] });
      if (samples.length > MAX_POINTS) samples.shift();
    }
  }

  /** A line for each topic, while there are few. */
  linesOf(field: Field): readonly Line[] {
    const samples = this.#samples.get(field) ?? [];
    const lines = new Map<string, Point[]>();
    for (const { topic, point } of samples) {
      const points = lines.get(topic);
      if (points) points.push(point);
      else lines.set(topic, [point]);
    }
    if (lines.size > MAX_LINES) return [{ name: "", points: samples.map(({ point }) => point) }];
    return [...lines].map(([name, points]) => ({ name, points })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

export function typeOf(field: Field): string {
  return field.slice(0, splitOf(field));
}

function pathOf(field: Field): string {
  return field.slice(splitOf(field) + 1);
}

/** Where the pointer begins. A type may have a `#` too, but seldom with a `/` behind it. */
function splitOf(field: Field): number {
  const split = field.indexOf("#/");
  return split < 0 ? field.lastIndexOf("#") : split;
}

/** The members that lead to the number, as a person writes them; nothing where the data is the number. */
export function nameOfField(field: Field): string {
  return stepsOf(pathOf(field)).join(".");
}

/** The numbers that a schema speaks of. */
export function fieldsOf(type: string, schema: JsonSchema): readonly Field[] {
  return pathsOf(schema).map((path) => `${type}#${path}`);
}

function pathsOf(schema: JsonSchema, base = "", depth = 0): string[] {
  const shape = shapeOf(schema);
  if (shape.kind === "number") return [base];
  if (shape.kind !== "object" || depth === MAX_DEPTH) return [];
  return shape.properties.flatMap((property) =>
    pathsOf(property.schema, pointer(base, property.name), depth + 1),
  );
}

function pathsIn(data: unknown, base = "", depth = 0): string[] {
  if (isNumber(data)) return [base];
  if (!isRecord(data) || depth === MAX_DEPTH) return [];
  return Object.entries(data).flatMap(([name, value]) => pathsIn(value, pointer(base, name), depth + 1));
}

function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const step of stepsOf(path)) {
    if (!isRecord(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

function stepsOf(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
