import { type ExactJson, NestingError, parseExactly } from "../../events/exact-json.ts";
import { Problem, unprocessable } from "../answer/problem.ts";
import { textOf, withoutMark } from "./json-bytes.ts";

/**
 * What the bytes say. `at` is the JSON Pointer to them in the body, of which they may be a part.
 *
 * @throws Problem 400 when it is not JSON, in UTF-8; 422 when it is nested too deeply.
 */
export function parseJson(bytes: Uint8Array, at = ""): ExactJson {
  try {
    return parseExactly(textOf(at === "" ? withoutMark(bytes) : bytes));
  } catch (error) {
    throw notJson(error, at);
  }
}

/** What a parser has thrown, as a problem. */
export function notJson(error: unknown, at = ""): unknown {
  const what = at === "" ? "the body" : at;
  if (error instanceof NestingError) return unprocessable([{ path: at, message: error.message }]);
  if (error instanceof SyntaxError) return new Problem(400, `${what} is not JSON: ${error.message}`);
  return error;
}
