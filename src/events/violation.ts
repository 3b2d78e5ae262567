import { Kind, type TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import { nearestName } from "./nearest-name.ts";

/** A wrong value within a value that was checked. */
export interface Violation {
  /** A JSON Pointer (RFC 6901) to the wrong value; empty for the whole value. */
  readonly path: string;
  /** What is wrong with it, in words; `missing` for a member that is absent. */
  readonly message: string;
}

/** The most violations that are listed: enough to correct a batch by. */
export const MAX_VIOLATIONS = 1000;

/** The most values that a message lists: more would be a screenful. */
const MAX_CHOICES = 20;

/**
 * Checks a value by its schema. Returns one violation for each wrong path, at most 1,000. `at` is
 * prefixed to each path.
 */
export function violations(check: TypeCheck<TSchema>, value: unknown, at = ""): Violation[] {
  if (check.Check(value)) return [];
  const found = new Map<string, Violation>();
  for (const error of check.Errors(value)) {
    const path = at + error.path;
    if (!found.has(path)) found.set(path, { path, message: messageOf(error) });
    if (found.size === MAX_VIOLATIONS) break;
  }
  return [...found.values()];
}

function messageOf({ type, schema, path, message }: ValueError): string {
  if (type === ValueErrorType.ObjectRequiredProperty) return "missing";
  if (type === ValueErrorType.ObjectAdditionalProperties) return unknownMember(path, schema);
  if (typeof schema["format"] === "string") return `Expected ${schema.description ?? schema["format"]}`;
  if (schema[Kind] !== "Union") return message;
  const choices = choicesOf(schema);
  if (choices) return `Expected ${choices}`;
  return schema.description ? `Expected ${schema.description}` : message;
}

function unknownMember(path: string, { properties = {} }: TSchema): string {
  const known = Object.keys(properties);
  const meant = nearestName(path.slice(path.lastIndexOf("/") + 1), known);
  if (meant !== undefined) return `unknown; did you mean ${meant}?`;
  return known.length <= MAX_CHOICES ? `unknown; known are ${known.join(", ")}` : "unknown";
}

/** The values that a union of literals has, in words. Undefined where it has other members or too many. */
function choicesOf({ anyOf }: TSchema): string | undefined {
  const members: readonly TSchema[] = anyOf;
  if (members.length > MAX_CHOICES || members.some((member) => member[Kind] !== "Literal")) return undefined;
  const values = members.map((member) => JSON.stringify(member["const"]));
  const last = values.pop();
  return values.length > 0 ? `${values.join(", ")} or ${last}` : last;
}
