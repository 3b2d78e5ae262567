import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { ClientInfo } from "../../broker/options.ts";
import { requireAdmin } from "../access/admin.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { textParameter } from "../request/query.ts";

/** How many clients one answer lists. */
const MOST_LISTED = 1000;

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

const ClientList = Type.Object({
  clients: Type.Array(ListedClient, { description: `The longest connected first, at most ${MOST_LISTED}` }),
  total: Type.Integer(),
});

const Removed = Type.Object({ removed: Type.Integer() });

const Selection = Type.Object({
  address: textParameter("Only those from this address"),
  subject: textParameter("Only those whose token has this subject"),
});

/** `GET /clients`, `DELETE /clients` and `DELETE /clients/:id`: who is connected, for administrators. */
export function clientRoutes(hub: Hub) {
  const { broker } = hub;
  function* selected({ address, subject }: Static<typeof Selection>): Iterable<ClientInfo> {
    for (const client of broker.clients) {
      if (address !== undefined && client.about.address !== address) continue;
      if (subject !== undefined && client.about.subject !== subject) continue;
      yield client;
    }
  }

  return new Elysia()
    .get(
      "/clients",
      async ({ request, query, set }): Promise<typeof ClientList.static> => {
        await requireAdmin(hub, request);
        set.headers["cache-control"] = "no-store";
        const found = [...selected(query)];
        return {
          clients: found.slice(0, MOST_LISTED).map(describe),
          total: found.length,
        };
      },
      {
        query: Selection,
        detail: {
          tags: ["operations"],
          summary: "Who is connected",
          responses: {
            200: { description: "The clients", content: json(ClientList) },
            ...problemResponses(401, 403),
          },
        },
      },
    )
    .delete(
      "/clients",
      async ({ request, query }): Promise<typeof Removed.static> => {
        await requireAdmin(hub, request);
        if (query.address === undefined && query.subject === undefined) {
          throw new Problem(400, "name the clients to remove by address, subject or both");
        }
        const found = [...selected(query)];
        for (const { id } of found) broker.removeClient(id);
        return { removed: found.length };
      },
      {
        query: Selection,
        detail: {
          tags: ["operations"],
          summary: "Remove the clients of an address or of a token's subject",
          responses: {
            200: { description: "How many there were", content: json(Removed) },
            ...problemResponses(400, 401, 403),
          },
        },
      },
    )
    .delete(
      "/clients/:id",
      async ({ request, params }): Promise<Response> => {
        await requireAdmin(hub, request);
        if (!broker.removeClient(params.id)) throw new Problem(404, `there is no client ${params.id}`);
        return new Response(null, { status: 204 });
      },
      {
        detail: {
          tags: ["operations"],
          summary: "Remove a client",
          responses: { 204: { description: "It is removed" }, ...problemResponses(401, 403, 404) },
        },
      },
    );
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
