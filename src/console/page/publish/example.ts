import { builtinExamples } from "./builtin-examples.ts";
import { initialValue, type JsonSchema, shapeOf } from "./schema.ts";

/** Example data of a type: for a built-in type one to be read, for any other one made from its schema. */
export function exampleOf(type: string, schema: JsonSchema): unknown {
  const example = Object.hasOwn(builtinExamples, type) ? builtinExamples[type] : undefined;
  return example ? example() : made(schema, "text");
}

/** Text in the formats of JSON Schema that name one. */
const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-01-31",
  time: "09:30:00Z",
  email: "ada@example.org",
  hostname: "example.org",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.org/",
  url: "https://example.org/",
  uuid: "0b8f3c1e-6d2a-4f57-9c3e-5a1d7e2b4c60",
};

/**
 * A value that the schema allows, as far as its keywords are known: the form shows the rest to be filled
 * in. Text is the name of its field, so that a reader sees where it went. Undefined where nothing is known.
 */
function made(schema: JsonSchema, name: string): unknown {
  const { examples, format = "" } = schema;
  if (examples && examples.length > 0) return examples[0];
  if (schema.default !== undefined) return schema.default;
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "choice":
      return shape.values[0];
    case "object":
      return Object.fromEntries(
        shape.properties
          .filter(({ required }) => required)
          .map((property) => [property.name, made(property.schema, property.name)] as const)
          .filter(([, value]) => value !== undefined),
      );
    case "array":
      return listOf(shape.items, name, schema.minItems);
    case "tuple":
      return shape.items.map((item) => made(item, name) ?? null);
    case "union":
      return shape.variants[0] && made(shape.variants[0], name);
    case "text":
      return shape.now?.() ?? FORMATS[format] ?? sized(name, schema);
    case "number":
      return shape.now?.() ?? numberIn(schema);
    default:
      return initialValue(schema);
  }
}

/** One item says more than none. */
function listOf(items: JsonSchema, name: string, least = 0): unknown[] {
  const item = made(items, name);
  return item === undefined ? [] : Array.from({ length: Math.min(Math.max(1, least), 100) }, () => item);
}

/** Longer than this no example is made: the hub then says what is missing. */
const MAX_TEXT_LENGTH = 1000;

function sized(text: string, { minLength = 0, maxLength = MAX_TEXT_LENGTH }: JsonSchema): string {
  return text.padEnd(Math.min(minLength, MAX_TEXT_LENGTH), "-").slice(0, maxLength);
}

function numberIn(schema: JsonSchema): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf: step = 1 } = schema;
  const low = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + step);
  const high = maximum ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - step);
  if (low !== undefined && low > step) return Math.ceil(low / step) * step;
  if (high !== undefined && high < step) return Math.floor(high / step) * step;
  return step;
}
