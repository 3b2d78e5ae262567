import { Kind, type TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";

/** One place where a value breaks its schema. */
export interface Violation {
  /** JSON Pointer (RFC 6901) into the value; empty for the value itself. */
  readonly path: string;
  /** What is wrong there, in words: `missing` for a member that is not there. */
  readonly message: string;
}

/** How many are listed at most: enough to mend a batch by, and bounded. */
export const MAX_VIOLATIONS = 1000;

/**
 * Every place where the value breaks the schema, one violation a path, at most 1,000.
 * `at` is prefixed to each path.
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

function messageOf({ type, schema, message }: ValueError): string {
  if (type === ValueErrorType.ObjectRequiredProperty) return "missing";
  if (typeof schema["format"] === "string") return `Expected ${schema.description ?? schema["format"]}`;
  if (schema[Kind] === "Union" && schema.description) return `Expected ${schema.description}`;
  return message;
}
