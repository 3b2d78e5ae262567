import type { Static, TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { violations } from "../events/violation.ts";

/**
 * Reads the text of a file of settings, which is JSON of a schema.
 *
 * @throws Error with a plain message, which has none of the text: the file may hold secrets.
 */
export function parseSettings<Schema extends TSchema>(
  text: string,
  check: TypeCheck<Schema>,
): Static<Schema> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
  if (check.Check(given)) return given;
  const [wrong] = violations(check, given);
  throw new Error(`${wrong?.path || "the file"}: ${wrong?.message}`);
}
