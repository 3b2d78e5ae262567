import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { endOf } from "../../auth/grant.ts";
import { TICKET_LIFE_MS, type Tickets } from "../../auth/tickets.ts";
import type { Access } from "../access/access.ts";
import { invalidToken, unauthenticated } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { accountOf } from "../request/account.ts";
import { requestUrl } from "../request/request-url.ts";

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
      const issued = tickets.issue(grant, accountOf(hub, grant, { request, server }));
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
      detail: {
        tags: ["subscribe"],
        summary: "A ticket to open one stream with",
        responses: {
          200: { description: "The ticket", content: json(Ticket) },
          ...problemResponses(401, 429, 503),
        },
      },
    },
  );
}

/** Takes a `ticket` in the query for what it was issued for, and else goes by the access given. */
export function ticketAccess(tickets: Tickets, access: Access): Access {
  return (request) => {
    if (!request.url.includes("ticket=")) return access(request);
    const ticket = requestUrl(request).searchParams.get("ticket");
    if (ticket === null) return access(request);
    const grant = tickets.redeem(ticket);
    if (!grant) throw invalidToken("the ticket has been used or has expired");
    const over = endOf(grant);
    if (over !== undefined) throw invalidToken(over);
    return grant;
  };
}
