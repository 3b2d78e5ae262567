import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { TopicPattern } from "../../events/name-schemas.ts";
import { inSlices } from "../../timers.ts";
import { isTopicPattern } from "../../topics/topic.ts";
import { knownReaders } from "../access/presence.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json, operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";

/** How many subjects one answer names. */
const MAX_NAMES = 1000;

const SubscriptionsQuery = Type.Object({
  topic: Type.Optional({
    ...TopicPattern,
    description:
      "An exact name, a prefix that ends in `*`, or `*`, as without it: those who read anything there.",
    examples: ["orders/7"],
  }),
});

const Readers = Type.Object({
  topic: Type.String(),
  readers: Type.Integer({ description: "How many streams are open that ask for it" }),
  subjects: Type.Optional(
    Type.Array(Type.String(), {
      description: `The subjects of their tokens, each once, in order, at most ${MAX_NAMES}; absent for who may not know them`,
    }),
  ),
  more: Type.Optional(Type.Integer({ description: "How many subjects there are besides" })),
  silent: Type.Optional(
    Type.Array(Type.String(), {
      description: "Nodes that did not answer within a second: their streams are not counted",
    }),
  ),
});

const EXAMPLE: Static<typeof Readers> = {
  topic: "orders/7",
  readers: 3,
  subjects: ["alice", "bob"],
  more: 0,
};

/** `GET /subscriptions`: who reads a topic. */
export function subscriptionRoutes(hub: Hub) {
  const { broker, nodes, access } = hub;
  const count = nodes.question("readers", { asked: Type.String(), answered: Type.Integer() }, (pattern) =>
    broker.readersOf(pattern),
  );
  return new Elysia().get(
    "/subscriptions",
    async ({ request, query }): Promise<Static<typeof Readers>> => {
      const grant = await access(request);
      const { topic = "*" } = query;
      if (!isTopicPattern(topic)) throw new Problem(400, `not a topic: ${JSON.stringify(topic)}`);
      const known = knownReaders(grant, topic);
      const { answers, silent } = await count.ask(topic);
      return {
        topic,
        readers: answers.reduce((sum, { answer }) => sum + answer, 0),
        ...(known === "subjects" && (await named(await broker.presence.subjectsAt(topic)))),
        ...(silent.length > 0 && { silent: [...silent] }),
      };
    },
    {
      query: SubscriptionsQuery,
      detail: operation({
        tag: "subscribe",
        audience: "holder",
        summary: "Who reads a topic",
        description:
          "For those who may read the private events of the topic; of a pattern, all of its topics. Others learn not even how many there are. " +
          "The subjects are for administrators, and for tokens whose claim has `presence` for the topic. " +
          "`presence=true` makes an event stream tell of them as they come and go.",
        answers: {
          200: {
            description: "How many there are, and who",
            headers: { "Cache-Control": NOT_STORED },
            content: json("Readers", Readers, { "a topic": EXAMPLE }),
          },
        },
      }),
    },
  );
}

async function named(subjects: ReadonlySet<string>) {
  const first = await inSlices(firstOf(subjects, MAX_NAMES));
  return { subjects: first, more: subjects.size - first.length };
}

/** The first of all names in order; in steps, since a hub may have as many subjects as clients. */
function* firstOf(names: Iterable<string>, most: number): Generator<void, string[], void> {
  let first: string[] = [];
  for (const name of names) {
    if (first.push(name) < 2 * most) continue;
    first = first.sort().slice(0, most);
    yield;
  }
  return first.sort().slice(0, most);
}
