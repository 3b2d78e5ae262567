import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { endOf } from "../../auth/grant.ts";
import { TICKET_LIFE, type Tickets } from "../../auth/tickets.ts";
import type { Access } from "../access/access.ts";
import { invalidToken, unauthenticated } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { requestUrl } from "../request/request-url.ts";

const Ticket = Type.Object({
  ticket: Type.String({ description: "For GET /events?ticket=…, once" }),
  expires_in: Type.Integer({ description: "For how many seconds it is good" }),
});

/** `POST /tickets`: for an EventSource, which can send no token, and whose address must hold none. */
export function ticketRoutes({ access, tickets }: Hub) {
  return new Elysia().post(
    "/tickets",
    async ({ request, set }): Promise<typeof Ticket.static> => {
      const grant = await access(request);
      if (grant.anonymous) throw unauthenticated("a ticket stands for a token: send that");
      const ticket = tickets.issue(grant);
      if (ticket === undefined) {
        throw new Problem(503, "too many tickets wait for their use", { retryAfter: 10 });
      }
      set.headers["cache-control"] = "no-store";
      return { ticket, expires_in: TICKET_LIFE / 1000 };
    },
    {
      detail: {
        tags: ["subscribe"],
        summary: "A ticket to open one stream with",
        responses: {
          200: { description: "The ticket", content: json(Ticket) },
          ...problemResponses(401, 503),
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
