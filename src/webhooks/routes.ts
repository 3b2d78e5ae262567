import { Elysia } from "elysia";
import type { Grant } from "../auth/grant.ts";
import { Problem, unprocessable } from "../http/answer/problem.ts";
import type { Hub } from "../http/hub.ts";
import { json, operation, pathParameter } from "../http/openapi/operation.ts";
import { checkData } from "../http/publish/check-event.ts";
import { PublishedReceipt, payForOne, publishOne } from "../http/publish/publishing.ts";
import { readJsonBytes } from "../http/request/body.ts";
import { notJson } from "../http/request/json.ts";
import { textOf } from "../http/request/json-bytes.ts";
import { IdConflict } from "../log/store.ts";
import { inSlices } from "../timers.ts";
import { EVENT_NAME, type Webhook } from "./webhook.ts";

/** Finds a webhook by its name. */
export type FindWebhook = (name: string) => Webhook | undefined;

/** The sender of a delivery, which shows a signature instead of a credential. */
const SENDER: Grant = { publish: { topics: ["*"] }, subscribe: [], privateTopics: [] };

/** `POST /webhooks/NAME`: takes the deliveries of a service that signs them. */
export function webhookRoutes(hub: Hub, find: FindWebhook) {
  const { maxBody, maxEvent, bodyTimeout: timeout } = hub.limits;
  return new Elysia().post(
    "/webhooks/:name",
    async ({ request, server, params: { name } }): Promise<typeof PublishedReceipt.static> => {
      const webhook = find(name);
      if (!webhook) throw new Problem(404, "there is no webhook of this name");
      const incoming = { request, server };
      // Before its signature is checked, a sender is an address.
      payForOne(hub, SENDER, incoming);
      const bytes = await readJsonBytes(incoming, {
        bytes: Math.min(maxBody, maxEvent, webhook.maxBytes),
        timeout,
      });
      const { id, event } = await webhook.verify(request.headers, readText(bytes));
      const { topics, private: isPrivate = false } = webhook;
      const about = {
        type: typeOf(webhook, event),
        topics,
        private: isPrivate,
        ...(id !== undefined && { id }),
      };
      const sender = { ...SENDER, subject: `webhook ${name}` };
      try {
        return await publishOne(hub, sender, inSlices(checkData(hub, about, bytes)));
      } catch (error) {
        // Another try of the same delivery may have another body: Stripe counts in it who has yet to answer.
        // The sender would take a refusal for a failure, and try for days.
        if (!(error instanceof IdConflict)) throw error;
        return { id: error.id, recipients: 0, duplicate: true };
      }
    },
    {
      parse: "none",
      detail: operation({
        tag: "publish",
        audience: "everyone",
        summary: "Publish a signed delivery",
        description:
          "For services that sign what they send: Standard Webhooks, GitHub and Stripe. `--webhook` names " +
          "the secret, and the type and the topics of the events. The body is the event's data. The delivery's " +
          "id becomes the event's, so a delivery that is sent twice is one event.",
        parameters: [pathParameter("name", "The webhook's name", "github")],
        body: {
          "application/json": {
            schema: {},
            examples: { push: { value: { ref: "refs/heads/main" } } },
          },
        },
        answers: {
          200: {
            description: "The event is kept",
            content: json("Receipt", PublishedReceipt, {
              kept: { id: "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", recipients: 3 },
            }),
          },
        },
        problems: [404, 408, 409, 413, 415, 422, 429, 503],
      }),
    },
  );
}

function readText(bytes: Uint8Array): string {
  try {
    return textOf(bytes);
  } catch (error) {
    throw notJson(error);
  }
}

/** @throws Problem 422 when the type needs the sender's name for the event, and there is none. */
function typeOf({ type }: Webhook, event: string | undefined): string {
  if (!type.includes(EVENT_NAME)) return type;
  if (event === undefined) throw unprocessable([{ path: "", message: "Expected a name of the event" }]);
  return type.replaceAll(EVENT_NAME, () => event);
}
