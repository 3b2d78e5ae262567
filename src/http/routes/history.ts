import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { readHistory } from "../../broker/history.ts";
import { EARLIEST } from "../../events/names.ts";
import type { Entry } from "../../log/entry.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { listParameter, parameter } from "../openapi/parameter.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { requestUrl } from "../request/request-url.ts";
import { readInterest } from "../request/subscription-query.ts";

const MAX_LIMIT = 1000;

const History = Type.Object({
  events: Type.Array(
    Type.Object({
      id: Type.String(),
      type: Type.String(),
      data: Type.Unknown(),
      topics: Type.Array(Type.String()),
      retry: Type.Optional(Type.Integer()),
      private: Type.Optional(Type.Literal(true)),
    }),
  ),
  next: Type.Union([Type.String(), Type.Null()], { description: "Pass it as `after` to read on" }),
});

/** `GET /history`: what is still held. */
export function historyRoutes({ broker: { log }, access, limits }: Hub) {
  return new Elysia().get(
    "/history",
    async ({ request }) => {
      const grant = await access(request);
      const query = requestUrl(request).searchParams;
      const interest = readInterest(query, grant, limits.maxTopics);
      const limit = readLimit(query.get("limit"));
      const after = await positionOf(query.get("after"));
      const { entries, next } = await readHistory(log, interest, { after, limit });
      // The data is JSON text already.
      const body = `{"events":[${entries.map(toJson).join(",")}],"next":${JSON.stringify(next ?? null)}}`;
      // It may be for this reader alone.
      const headers = { "content-type": "application/json", "cache-control": "no-store" };
      return new Response(body, { headers });
    },
    {
      detail: {
        tags: ["subscribe"],
        summary: "Stored events, oldest first",
        description:
          "Those that are still held. `after` must be: an id that is not is a 404, and to go on without it may leave events out.",
        parameters: [
          listParameter("topic", "An exact name, a prefix that ends in *, or *. None: every event."),
          listParameter("type", "Only events of this type."),
          parameter("after", "Begin after the event with this id."),
          parameter("limit", `How many at most: 1 to ${MAX_LIMIT}, which it is by default.`),
        ],
        responses: {
          200: { description: "A page of them", content: json(History) },
          ...problemResponses(400, 401, 403, 404, 503),
        },
      },
    },
  );

  async function positionOf(id: string | null): Promise<number> {
    const earliest = (log.earliest?.position ?? log.head + 1) - 1;
    if (!id || id === EARLIEST) return earliest;
    const found = await log.find(id);
    if (!found) throw new Problem(404, `no event with the id ${JSON.stringify(id)} is held`);
    return found.position;
  }
}

function readLimit(text: string | null): number {
  if (text === null) return MAX_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT)
    throw new Problem(400, `limit is a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}

function toJson({ id, type, json, topics, retry, private: hidden }: Entry): string {
  const rest = `${retry === undefined ? "" : `,"retry":${retry}`}${hidden ? ',"private":true' : ""}`;
  return `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"data":${json},"topics":${JSON.stringify(topics)}${rest}}`;
}
