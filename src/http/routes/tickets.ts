import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { endOf, type Grant } from "../../auth/grant.ts";
import { issuerOf, TICKET_LIFE_MS } from "../../auth/tickets.ts";
import type { Access } from "../access/access.ts";
import { invalidToken, unauthenticated } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json, operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { accountOf } from "../request/address.ts";
import { readCredential } from "../request/credential.ts";
import { requestUrl } from "../request/request.ts";

const Ticket = Type.Object({
  ticket: Type.String({ description: "For GET /events?ticket=…, once" }),
  expires_in: Type.Integer({ description: "For how many seconds it is good" }),
});

/** `POST /tickets`: for an EventSource, which can send no token, and whose address must hold none. */
export function ticketRoutes(hub: Hub) {
  const { access, tickets } = hub;
  return new Elysia().post(
    "/tickets",
    async ({ request, server, set }): Promise<typeof Ticket.static> => {
      const grant = await access(request);
      if (grant.anonymous) throw unauthenticated("a ticket stands for a token: send that");
      const issued = tickets.issue(
        grant,
        accountOf(hub, grant, { request, server }),
        readCredential(request),
      );
      if (issued === "account-full") {
        const detail = "too many of this token's tickets wait for their use";
        throw new Problem(429, detail, { type: "rate-exceeded", retryAfter: TICKET_LIFE_MS / 1000 });
      }
      if (issued === "full") {
        const detail = "too many tickets wait for their use";
        throw new Problem(503, detail, { type: "full", retryAfter: TICKET_LIFE_MS / 1000 });
      }
      set.headers["cache-control"] = "no-store";
      return { ticket: issued.ticket, expires_in: TICKET_LIFE_MS / 1000 };
    },
    {
      detail: operation({
        tag: "subscribe",
        audience: "holder",
        summary: "A ticket to open one stream with",
        description:
          "For an EventSource, which can send no token, and whose address must hold none: it stands for the " +
          "credential of this request, once and for some seconds.",
        answers: {
          200: {
            description: "The ticket",
            headers: { "Cache-Control": NOT_STORED },
            content: json("Ticket", Ticket, {
              one: { ticket: "nGk3xqkC8ZrPj1yQx0t7bA", expires_in: TICKET_LIFE_MS / 1000 },
            }),
            links: {
              stream: {
                operationId: "getEvents",
                parameters: { ticket: "$response.body#/ticket" },
                description: "Opens the stream",
              },
            },
          },
        },
        problems: [429],
      }),
    },
  );
}

const Redeemed = Type.Object({ credential: Type.Optional(Type.String()) });

/**
 * Takes a `ticket` in the query for what it was issued for, and else goes by the access given. The node
 * that has issued it hands out the key or token that it stands for, once.
 */
export function ticketAccess({ tickets, access, nodes }: Hub): Access {
  const elsewhere = nodes.question(
    "ticket",
    { asked: Type.String(), answered: Redeemed },
    (ticket): typeof Redeemed.static => {
      const credential = tickets.redeem(ticket)?.credential;
      return credential === undefined ? {} : { credential };
    },
  );

  async function grantOf(ticket: string, request: Request): Promise<Grant> {
    const node = issuerOf(ticket);
    if (node === nodes.name || node === undefined) {
      const issued = tickets.redeem(ticket);
      if (!issued) throw invalidToken("the ticket has been used or has expired");
      return issued.grant;
    }
    const { answers, silent } = await elsewhere.askOne(node, ticket);
    // It may still answer: an EventSource that is told 401 would not ask again.
    if (silent.length > 0) {
      throw new Problem(503, `no answer of node ${node}, which has issued the ticket`, { retryAfter: 1 });
    }
    const [redeemed] = answers.map(({ answer }) => answer);
    if (redeemed?.credential === undefined) throw invalidToken("the ticket has been used or has expired");
    const headers = { authorization: `Bearer ${redeemed.credential}` };
    return access(new Request(requestUrl(request).origin, { headers }));
  }

  return async (request) => {
    if (!request.url.includes("ticket=")) return access(request);
    const ticket = requestUrl(request).searchParams.get("ticket");
    if (ticket === null) return access(request);
    const grant = await grantOf(ticket, request);
    const over = endOf(grant);
    if (over !== undefined) throw invalidToken(over);
    return grant;
  };
}
