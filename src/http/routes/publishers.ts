import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { requireAdmin } from "../access/access.ts";
import type { Hub } from "../hub.ts";
import { json, operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";

const Publisher = Type.Object({
  publisher: Type.String({
    description: "The account: the name of a key, or the issuer and the subject of a token; or `anonymous`",
  }),
  subject: Type.Union([Type.String(), Type.Null()], { description: "The subject of its token or key" }),
  events: Type.Integer({ description: "How many events it has published" }),
  types: Type.Array(Type.Object({ type: Type.String(), events: Type.Integer() }), {
    description: "The same by type, the most frequent first. A node names 20 types; `other` are the rest",
  }),
});
type Publisher = Static<typeof Publisher>;

const PublisherList = Type.Object({
  publishers: Type.Array(Publisher, {
    description: "The busiest first. A node names 100; `other` are the rest",
  }),
  silent: Type.Optional(
    Type.Array(Type.String(), {
      description: "Nodes that did not answer within a second: what was published there is not in it",
    }),
  ),
});
type PublisherList = Static<typeof PublisherList>;

const EXAMPLE: PublisherList = {
  publishers: [
    {
      publisher: 'token [null,"shop"]',
      subject: "shop",
      events: 42,
      types: [
        { type: "order-created", events: 40 },
        { type: "order-shipped", events: 2 },
      ],
    },
  ],
};

/** `GET /publishers`: who publishes what, for administrators. */
export function publisherRoutes(hub: Hub) {
  const { nodes, publications } = hub;
  const counted = nodes.question("publishers", { asked: Type.Null(), answered: Type.Array(Publisher) }, () =>
    Array.from(publications.publishers, ({ publisher, subject, types }) =>
      sorted(publisher, subject, new Map(types)),
    ),
  );
  return new Elysia().get(
    "/publishers",
    async ({ request }): Promise<PublisherList> => {
      await requireAdmin(hub, request);
      const { answers, silent } = await counted.ask(null);
      return {
        publishers: sums(answers.flatMap(({ answer }) => answer)),
        ...(silent.length > 0 && { silent: [...silent] }),
      };
    },
    {
      detail: operation({
        tag: "operations",
        audience: "administrator",
        summary: "Who publishes what",
        description:
          "How many events each publisher has published, by type, since the hub's nodes began. An event that had " +
          "been published before is not counted.",
        answers: {
          200: {
            description: "The publishers",
            headers: { "Cache-Control": NOT_STORED },
            content: json("PublisherList", PublisherList, { "one publisher": EXAMPLE }),
          },
        },
      }),
    },
  );
}

/** What several nodes have counted, together. */
function sums(counted: readonly Publisher[]): Publisher[] {
  const byName = new Map<string, { subject: string | null; types: Map<string, number> }>();
  for (const { publisher, subject, types } of counted) {
    const sum = byName.get(publisher) ?? { subject, types: new Map<string, number>() };
    byName.set(publisher, sum);
    for (const { type, events } of types) sum.types.set(type, (sum.types.get(type) ?? 0) + events);
  }
  return Array.from(byName, ([publisher, { subject, types }]) => sorted(publisher, subject, types)).sort(
    (a, b) => b.events - a.events,
  );
}

function sorted(publisher: string, subject: string | null, counts: ReadonlyMap<string, number>): Publisher {
  const types = Array.from(counts, ([type, events]) => ({ type, events })).sort(
    (a, b) => b.events - a.events,
  );
  return { publisher, subject, events: types.reduce((sum, { events }) => sum + events, 0), types };
}
