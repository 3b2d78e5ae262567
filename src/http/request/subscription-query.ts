import type { Grant } from "../../auth/grant.ts";
import type { Interest } from "../../broker/interest.ts";
import { TopicPattern, TypeName } from "../../events/name-schemas.ts";
import { isTypeName } from "../../events/names.ts";
import { isTopicPattern } from "../../topics/topic.ts";
import { covers } from "../../topics/topic-patterns.ts";
import { forbidden, listed } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import { listParameter } from "./query.ts";

/** What a query that asks for events says of them. */
export const subscriptionParameters = {
  topic: listParameter(
    "An exact name, a prefix that ends in `*`, or `*`. None: every event.",
    "orders/*",
    TopicPattern,
  ),
  type: listParameter("Only events of this type.", "order-shipped", TypeName),
};

type SubscriptionQuery = Partial<Record<keyof typeof subscriptionParameters, string[]>>;

/**
 * What a query asks to read, with `topic` and `type`, and what the grant lets it.
 *
 * @throws Problem 400 when a name is not allowed or there are too many; 401 or 403 when a topic is not granted.
 */
export function readInterest(
  { topic: topics = [], type: types = [] }: SubscriptionQuery,
  grant: Grant,
  maxTopics: number,
): Interest {
  if (topics.length > maxTopics || types.length > maxTopics) {
    throw new Problem(400, `a client names ${maxTopics} topics and ${maxTopics} types at most`);
  }
  for (const topic of topics) {
    if (!isTopicPattern(topic)) throw new Problem(400, `not a topic: ${JSON.stringify(topic)}`);
  }
  for (const type of types) {
    if (!isTypeName(type)) throw new Problem(400, `not an event type: ${JSON.stringify(type)}`);
  }
  for (const topic of topics.length > 0 ? topics : ["*"]) {
    if (!covers(grant.subscribe, topic)) throw refuse(grant, topics.length > 0 ? topic : undefined);
  }
  const { privateTopics, subscribe } = grant;
  return { topics, types, privateTopics, ...(!subscribe.includes("*") && { allowedTopics: subscribe }) };
}

function refuse(grant: Grant, topic: string | undefined): Problem {
  if (grant.anonymous)
    return forbidden(grant, "to read here takes a token: Authorization: Bearer TOKEN, a cookie or a ticket");
  const granted = listed(grant.subscribe) || "no topic";
  return topic === undefined
    ? forbidden(grant, `name the topics to subscribe to: the token grants ${granted}, not all of them`)
    : forbidden(grant, `the token grants ${granted}, but not ${topic}`);
}
