import { isNestedTooDeeply } from "../events/exact-json.ts";

/** The data of an event as it is kept. */
interface Data {
  readonly json: string;
  /** Whether the data is raw text. Then `json` is the text as a JSON string. */
  readonly text: boolean;
}

/**
 * The data as readers of JSON get it. Raw text that is JSON, and nested no deeper than other data, is that value,
 * as it is written; other raw text is a string.
 */
export function jsonOf({ json, text }: Data): string {
  if (!text) return json;
  const raw = rawText(json);
  if (isNestedTooDeeply(raw)) return json;
  try {
    JSON.parse(raw);
  } catch {
    return json;
  }
  // Line ends stand between the parts of JSON, and never within one.
  return raw.replace(/[\r\n]+/g, " ").trim();
}

/** The data as readers of text get it: raw text as it came, JSON as it is. */
export function textOf({ json, text }: Data): string {
  return text ? rawText(json) : json;
}

function rawText(json: string): string {
  return String(JSON.parse(json));
}
