import { refusal, type TidingsError } from "../../../sdk/error.ts";
import { isNumber, isRecord, isString, parseJson } from "../../../sdk/narrow.ts";
import { hubRoute } from "../hub-url.ts";
import type { PublishedDraft } from "./draft.ts";

/** What became of a publish. */
export type Outcome =
  | { readonly ok: true; readonly id: string; readonly recipients: number; readonly duplicate: boolean }
  | { readonly ok: false; readonly reason: string; readonly errors: ReadonlyMap<string, string> };

/** Publishes the event once, as it is: the hub's own answer is what the form shows. */
export async function send(event: PublishedDraft): Promise<Outcome> {
  try {
    const answer = await fetch(hubRoute("publish"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(event),
    });
    const text = await answer.text();
    if (!answer.ok) return failed(refusal(answer, text));
    const body = parseJson(text);
    if (!isRecord(body) || !isString(body["id"]) || !isNumber(body["recipients"])) {
      return { ok: false, reason: "What answered is not a hub.", errors: new Map() };
    }
    return {
      ok: true,
      id: body["id"],
      recipients: body["recipients"],
      duplicate: body["duplicate"] === true,
    };
  } catch {
    return { ok: false, reason: "The hub can't be reached; nothing was published.", errors: new Map() };
  }
}

function failed({ status, problem, errors }: TidingsError): Outcome {
  const detail = isString(problem.detail) ? problem.detail : problem.title;
  return {
    ok: false,
    reason: `${detail ?? "The hub refused it"} (${status})`,
    errors: new Map(errors.map(({ path, message }) => [path, message])),
  };
}
