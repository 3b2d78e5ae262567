import { type ConnectionOptions, request, textOf } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import { isTransient, refusal } from "./error.ts";
import { parseJson } from "./narrow.ts";
import { backoff, sleep } from "./wait.ts";

const FIRST_WAIT = 200;
/** Nobody expects a call to sleep longer than this; what the hub asks beyond it is the caller's to do. */
const LONGEST_WAIT = 60_000;

export interface PostOptions extends ConnectionOptions {
  timeout: number;
  retries: number;
  signal: AbortSignal | undefined;
}

/**
 * Posts a JSON text and returns the answer's JSON. Tries again what may succeed later, which is safe
 * because every event has its id: the hub knows one that it already has.
 */
export async function post(url: string, options: PostOptions, body: string): Promise<unknown> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt(url, options, body);
    } catch (error) {
      if (!isTransient(error) || failures > options.retries) throw error;
      const wait = Math.max(backoff(FIRST_WAIT, failures), error.retryAfter ?? 0);
      if (wait > LONGEST_WAIT) throw error;
      await sleep(wait, options.signal);
    }
  }
}

async function attempt(url: string, options: PostOptions, body: string): Promise<unknown> {
  const { signal, timeout } = options;
  const headers = { "content-type": "application/json", accept: "application/json" };
  const deadline = new Deadline(signal);
  deadline.start(timeout, `no answer within ${timeout} ms`);
  try {
    const response = await request(options, url, { method: "POST", headers, body, signal: deadline.signal });
    const text = await textOf(response, deadline.signal);
    if (!response.ok) throw refusal(response, text);
    return parseJson(text);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    deadline.end();
  }
}
