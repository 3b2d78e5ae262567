import { Kind, type TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";

/** A wrong value within a value that was checked. */
export interface Violation {
  /** A JSON Pointer (RFC 6901) to the wrong value; empty for the whole value. */
  readonly path: string;
  /** What is wrong with it, in words; `missing` for a member that is absent. */
  readonly message: string;
}

/** The most violations that are listed: enough to correct a batch by. */
export const MAX_VIOLATIONS = 1000;

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

function messageOf({ type, schema, message }: ValueError): string {
  if (type === ValueErrorType.ObjectRequiredProperty) return "missing";
  if (typeof schema["format"] === "string") return `Expected ${schema.description ?? schema["format"]}`;
  if (schema[Kind] === "Union" && schema.description) return `Expected ${schema.description}`;
  return message;
}
