import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Topic } from "../events/name-schemas.ts";
import { typeFault } from "../events/names.ts";
import { topicFault } from "../topics/topic.ts";
import { github } from "./github.ts";
import type { Scheme, Verify } from "./scheme.ts";
import { standard } from "./standard.ts";
import { stripe } from "./stripe.ts";

const schemes = { standard, github, stripe } satisfies Readonly<Record<string, Scheme>>;

/** In the type of a webhook: stands for the sender's own name of the event. */
export const EVENT_NAME = "{event}";

const Secret = Type.String({ minLength: 1 });
/** While a secret is being replaced, there are two. */
const Secrets = Type.Array(Secret, { minItems: 1, maxItems: 2 });

/** What the file of a webhook says. */
const WebhookSettings = Type.Object(
  {
    scheme: Type.Union([Type.Literal("standard"), Type.Literal("github"), Type.Literal("stripe")], {
      description: "standard, github or stripe",
    }),
    secret: Type.Union([Secret, Secrets], { description: "a text, or a list of two" }),
    type: Type.String({ minLength: 1 }),
    topic: Type.Optional(Topic),
    topics: Type.Optional(Type.Array(Topic, { maxItems: 100 })),
    private: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export type WebhookSettings = Static<typeof WebhookSettings>;

export const webhookSettings = TypeCompiler.Compile(WebhookSettings);

/** A sender of deliveries, and what becomes of them. */
export interface Webhook extends Pick<WebhookSettings, "type" | "private"> {
  /** The largest body, in bytes. */
  readonly maxBytes: number;
  readonly verify: Verify;
  readonly topics: readonly string[];
}

/**
 * A webhook of these settings.
 *
 * @throws Error with a plain message when they are wrong. It does not have the secret.
 */
export async function createWebhook({
  scheme: name,
  secret,
  type,
  topic,
  topics = [],
  private: isPrivate = false,
}: WebhookSettings): Promise<Webhook> {
  const all = topic === undefined ? topics : [...topics, topic];
  const fault = typeFault(type.replaceAll(EVENT_NAME, "x"));
  if (fault !== undefined) throw new Error(`/type: ${fault}`);
  for (const one of all) {
    const wrong = topicFault(one);
    if (wrong !== undefined) throw new Error(`${JSON.stringify(one)}: ${wrong}`);
  }
  const scheme = schemes[name];
  const verify = await scheme.verifier(typeof secret === "string" ? [secret] : secret);
  return { maxBytes: scheme.maxBytes, verify, type, topics: all, private: isPrivate };
}
