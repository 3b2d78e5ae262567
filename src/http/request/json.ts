import { type ExactJson, NestingError, parseExactly } from "../../events/exact-json.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import { textOf, withoutMark } from "./json-bytes.ts";

/**
 * Parses bytes as JSON. `at` is the JSON Pointer to them, when they are a part of the body.
 *
 * @throws Problem 400 when they are not JSON in UTF-8, 422 when the nesting is too deep
 */
export function parseJson(bytes: Uint8Array, at = ""): ExactJson {
  try {
    return parseExactly(textOf(at === "" ? withoutMark(bytes) : bytes));
  } catch (error) {
    throw notJson(error, at, hint(bytes));
  }
}

/** What is missing from a text whose names have no quotes: a shell takes away those within quotes of its own. */
function hint(bytes: Uint8Array): string {
  const isUnquoted = /^\s*[{[]\s*[\w$]*[a-z_$']/i.test(Buffer.from(bytes.subarray(0, 20)).toString());
  return isUnquoted ? "; names and texts need double quotes, and a shell needs '…' around all of it" : "";
}

/** Turns an error of the parser into a problem. */
export function notJson(error: unknown, at = "", hint = ""): unknown {
  const what = at === "" ? "the body" : at;
  if (error instanceof NestingError) return unprocessable([{ path: at, message: error.message }]);
  if (error instanceof SyntaxError) return new Problem(400, `${what} is not JSON: ${error.message}${hint}`);
  return error;
}
