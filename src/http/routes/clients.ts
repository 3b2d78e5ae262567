import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { ClientInfo } from "../../broker/options.ts";
import { requireAdmin } from "../access/access.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json, operation, pathParameter } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { textParameter } from "../request/query.ts";

/** How many clients one answer lists. */
const MAX_LISTED_CLIENTS = 1000;

const ListedClient = Type.Object({
  id: Type.String(),
  address: Type.Union([Type.String(), Type.Null()]),
  subject: Type.Union([Type.String(), Type.Null()], { description: "The subject of its token" }),
  credential: Type.Union([Type.String(), Type.Null()], {
    description: "What it came by: admin-key, publish-key or token-key; null without a credential",
  }),
  topics: Type.Array(Type.String(), { description: "None: every topic" }),
  types: Type.Array(Type.String(), { description: "None: every type" }),
  connected_at: Type.String({ format: "date-time" }),
  lag: Type.Integer({ description: "How many events it has yet to be shown or passed over" }),
});

const silent = Type.Optional(
  Type.Array(Type.String(), {
    description: "Nodes that did not answer within a second: theirs are not in it",
  }),
);

const clients = Type.Array(ListedClient, {
  description: `The longest connected first, at most ${MAX_LISTED_CLIENTS}`,
});
const ClientList = Type.Object({ clients, total: Type.Integer(), silent });
const EXAMPLE: Static<typeof ClientList> = {
  clients: [
    {
      id: "4dd2f0a1-6d0c-4bb6-9d21-1a4b8d5a0c55",
      address: "10.0.0.7",
      subject: "dashboard",
      credential: "token-key",
      topics: ["orders/*"],
      types: [],
      connected_at: "2026-01-31T09:30:00.000Z",
      lag: 0,
    },
  ],
  total: 1,
};

const Removed = Type.Object({ removed: Type.Integer(), silent });

const Selection = Type.Object({
  address: textParameter("Only those from this address", "10.0.0.7"),
  subject: textParameter("Only those whose token has this subject", "dashboard"),
});
const Chosen = Type.Object({
  address: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
});

/** `GET /clients`, `DELETE /clients` and `DELETE /clients/:id`: who is connected, for administrators. */
export function clientRoutes(hub: Hub) {
  const { broker, nodes } = hub;
  function* selected({ address, subject }: Static<typeof Chosen>): Iterable<ClientInfo> {
    for (const client of broker.clients) {
      if (address !== undefined && client.about.address !== address) continue;
      if (subject !== undefined && client.about.subject !== subject) continue;
      yield client;
    }
  }
  const list = nodes.question("clients", { asked: Chosen, answered: ClientList }, (chosen) => {
    const found = [...selected(chosen)];
    return { clients: found.slice(0, MAX_LISTED_CLIENTS).map(describe), total: found.length };
  });
  const removal = nodes.question("remove", { asked: Chosen, answered: Removed }, (chosen) => {
    if (chosen.id !== undefined) return { removed: Number(broker.removeClient(chosen.id)) };
    const found = [...selected(chosen)];
    for (const { id } of found) broker.removeClient(id);
    return { removed: found.length };
  });
  async function remove(chosen: Static<typeof Chosen>): Promise<typeof Removed.static> {
    const { answers, silent } = await removal.ask(chosen);
    const removed = answers.reduce((sum, { answer }) => sum + answer.removed, 0);
    return silent.length > 0 ? { removed, silent: [...silent] } : { removed };
  }

  return new Elysia()
    .get(
      "/clients",
      async ({ request, query }): Promise<typeof ClientList.static> => {
        await requireAdmin(hub, request);
        const { answers, silent } = await list.ask(query);
        const clients = answers.flatMap(({ answer }) => answer.clients);
        if (answers.length > 1) clients.sort((a, b) => compare(a.connected_at, b.connected_at));
        return {
          clients: clients.slice(0, MAX_LISTED_CLIENTS),
          total: answers.reduce((sum, { answer }) => sum + answer.total, 0),
          ...(silent.length > 0 && { silent: [...silent] }),
        };
      },
      {
        query: Selection,
        detail: operation({
          tag: "operations",
          audience: "administrator",
          summary: "Who is connected",
          description: `All clients, or those of an address or of a token's subject; ${MAX_LISTED_CLIENTS} at most are listed, and all are counted.`,
          answers: {
            200: {
              description: "The clients",
              headers: { "Cache-Control": NOT_STORED },
              content: json("ClientList", ClientList, { one: EXAMPLE }),
            },
          },
        }),
      },
    )
    .delete(
      "/clients",
      async ({ request, query }): Promise<typeof Removed.static> => {
        await requireAdmin(hub, request);
        if (query.address === undefined && query.subject === undefined) {
          throw new Problem(400, "name the clients to remove by address, subject or both");
        }
        return remove(query);
      },
      {
        query: Selection,
        detail: operation({
          tag: "operations",
          audience: "administrator",
          summary: "Remove the clients of an address or of a token's subject",
          description:
            "Of both, where both are named; a request that names neither is a 400. Readers may come back. " +
            "Those of a node that does not answer are removed as soon as it goes on.",
          answers: {
            200: {
              description: "How many there were",
              content: json("Removed", Removed, { one: { removed: 1 } }),
            },
          },
        }),
      },
    )
    .delete(
      "/clients/:id",
      async ({ request, params }): Promise<Response> => {
        await requireAdmin(hub, request);
        const { removed, silent = [] } = await remove({ id: params.id });
        if (removed === 0 && silent.length > 0) {
          throw new Problem(503, `not known whether it is there: no answer of node ${silent.join(", ")}`, {
            retryAfter: 1,
          });
        }
        if (removed === 0) throw new Problem(404, `there is no client ${params.id}`);
        return new Response(null, { status: 204 });
      },
      {
        detail: operation({
          tag: "operations",
          audience: "administrator",
          summary: "Remove a client",
          description: "Its reader may come back.",
          parameters: [
            pathParameter(
              "id",
              "The `client_id` that its stream began with",
              "4dd2f0a1-6d0c-4bb6-9d21-1a4b8d5a0c55",
            ),
          ],
          answers: { 204: { description: "It is removed" } },
          problems: [404],
        }),
      },
    );
}

/** For texts that are in order as they are, such as times. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function describe({ id, about, topics, types, connectedAt, lag }: ClientInfo): Static<typeof ListedClient> {
  return {
    id,
    address: about.address ?? null,
    subject: about.subject ?? null,
    credential: about.credential?.kind ?? null,
    topics: [...topics],
    types: [...types],
    connected_at: new Date(connectedAt).toISOString(),
    lag,
  };
}
