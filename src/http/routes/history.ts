import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { readHistory } from "../../broker/history.ts";
import { mayRead, toPrivateTopics } from "../../broker/interest.ts";
import { EARLIEST } from "../../events/names.ts";
import type { Entry } from "../../log/entry.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json } from "../openapi/json-content.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { textParameter } from "../request/query.ts";
import { readInterest, subscriptionParameters } from "../request/subscription-query.ts";

const MAX_LIMIT = 1000;

const HistoryQuery = Type.Object({
  ...subscriptionParameters,
  after: textParameter("Begin after the event with this id."),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: MAX_LIMIT, description: "How many at most." }),
  ),
});

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
    async ({ request, query }) => {
      const grant = await access(request);
      const interest = readInterest(query, grant, limits.maxTopics);
      const { limit = MAX_LIMIT } = query;
      const after = await positionOf(query.after, toPrivateTopics(interest.privateTopics));
      const { entries, next, more } = await readHistory(log, interest, { after, limit });
      // The data is JSON text already.
      const body = `{"events":[${entries.map(toJson).join(",")}],"next":${JSON.stringify(more ? next : null)}}`;
      // It may be for this reader alone.
      const headers = { "content-type": "application/json", "cache-control": "no-store" };
      return new Response(body, { headers });
    },
    {
      query: HistoryQuery,
      detail: {
        tags: ["subscribe"],
        summary: "Stored events, oldest first",
        description:
          "Those that are still held. `after` must be: an id that is not is a 404, and to go on without it may leave events out.",
        responses: {
          200: { description: "A page of them", content: json(History) },
          ...problemResponses(400, 401, 403, 404, 503),
        },
      },
    },
  );

  async function positionOf(
    id: string | undefined,
    privateTopics: ReturnType<typeof toPrivateTopics>,
  ): Promise<number> {
    const earliest = (log.earliest ?? log.head + 1) - 1;
    if (!id || id === EARLIEST) return earliest;
    const found = await log.locate(id, (event) => mayRead(privateTopics, event));
    if (found === undefined) throw new Problem(404, `no event with the id ${JSON.stringify(id)} is held`);
    return found;
  }
}

function toJson({ id, type, json, topics, retry, private: hidden }: Entry): string {
  const rest = `${retry === undefined ? "" : `,"retry":${retry}`}${hidden ? ',"private":true' : ""}`;
  return `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"data":${json},"topics":${JSON.stringify(topics)}${rest}}`;
}
