import { isRecord, isString, parseJson } from "../../../sdk/narrow.ts";
import { hubRoute } from "../hub-url.ts";

/** The newest retained event of a type on a topic. */
export interface CurrentValue {
  readonly type: string;
  /** Nothing for a value on no topic. */
  readonly topic: string;
  readonly json: string;
  /** When it was kept, in Unix ms. */
  readonly time: number;
}

/** What the hub answered: the values, or why there are none to show. */
export interface CurrentValues {
  readonly values: readonly CurrentValue[];
  readonly problem: string;
}

/** The longest answer that is read, in bytes: there may be a value for each of a million topics. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Asks for the current values on a topic or below a prefix; all of them for an empty text. */
export async function loadCurrent(topic: string): Promise<CurrentValues> {
  const query = topic === "" ? "" : `?${new URLSearchParams({ topic })}`;
  try {
    const answer = await fetch(hubRoute(`current${query}`), { cache: "no-store" });
    const text = await textOf(answer);
    if (text === undefined) {
      return { values: [], problem: "These are more than 8 MiB. Filter the stream by a topic or a prefix." };
    }
    const body = parseJson(text);
    if (answer.ok) return { values: valuesIn(body), problem: "" };
    const detail = isRecord(body) && isString(body["detail"]) ? body["detail"] : `status ${answer.status}`;
    return { values: [], problem: `The hub has none to show: ${detail}` };
  } catch {
    return { values: [], problem: "The hub can't be reached." };
  }
}

/** Clears a value. New readers are no longer sent it. */
export async function clearCurrent({ type, topic }: CurrentValue): Promise<void> {
  const query = new URLSearchParams({ type, ...(topic !== "" && { topic }) });
  try {
    await fetch(hubRoute(`current?${query}`), { method: "DELETE" });
  } catch {
    // It is still listed, then.
  }
}

/** The text, unless it is too long. */
async function textOf({ body }: Response): Promise<string | undefined> {
  if (!body) return "";
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(chunks).text();
    size += value.byteLength;
    if (size > MAX_BYTES) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}

/** They come oldest first, and an event may be the value of several topics: the newest of each is right. */
export function valuesIn(body: unknown): CurrentValue[] {
  const list: readonly unknown[] = isRecord(body) && Array.isArray(body["values"]) ? body["values"] : [];
  const values = new Map<string, CurrentValue>();
  for (const one of list) {
    if (!isRecord(one)) continue;
    const { type, topics, data, time } = one;
    if (!isString(type) || !isString(time) || !Array.isArray(topics)) continue;
    const json = JSON.stringify(data);
    for (const topic of topics.length > 0 ? topics.filter(isString) : [""]) {
      const key = JSON.stringify([type, topic]);
      values.delete(key);
      values.set(key, { type, topic, json, time: Date.parse(time) });
    }
  }
  return [...values.values()].reverse();
}
