import { type ExactJson, NestingError, parseExactly } from "./exact-json.ts";
import { Problem, unprocessable } from "./problem.ts";

/** How large a body may be, in bytes. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * The request's body as JSON.
 *
 * @throws Problem 415 when it is not declared as JSON, 413 when it is too large, 400 when it is not
 * JSON, 422 when it is nested too deeply.
 */
export async function readJson(request: Request): Promise<ExactJson> {
  // A cross-site form can't send this type, so it can't publish either.
  if (!isMediaType(request.headers.get("content-type"), "application/json")) {
    throw new Problem(415, "send the event as application/json");
  }
  const bytes = await readBytes(request);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(400, "the body is not UTF-8");
  }
  try {
    return parseExactly(text);
  } catch (error) {
    if (error instanceof NestingError) throw unprocessable([{ path: "", message: error.message }]);
    throw new Problem(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

async function readBytes(request: Request): Promise<Uint8Array | ArrayBuffer> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > MAX_BODY_BYTES) throw tooLarge();
    return request.arrayBuffer();
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(): Problem {
  // What is still to come of it is not waited for.
  const headers = { connection: "close" };
  return new Problem(413, `a body is ${MAX_BODY_BYTES} bytes at most`, { headers });
}

function isMediaType(header: string | null, expected: string): boolean {
  return header?.split(";", 1)[0]?.trim().toLowerCase() === expected;
}
