import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { Topic } from "../../events/name-schemas.ts";
import { matches } from "../../topics/topic-patterns.ts";
import { forbidden } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { operation } from "../openapi/operation.ts";
import { assertEnds, assertPublisher } from "../publish/publishing.ts";

/** In the query, not in the path: there a browser or a proxy takes some topics, such as `..`, for folders. */
const EndQuery = Type.Object({
  topic: { ...Topic, description: "The topic.", examples: ["chat/1"] },
});

/** `DELETE /topics/end`: opens a topic that has ended. */
export function topicRoutes(hub: Hub) {
  const { access, remedies } = hub;
  const { log } = hub.broker;
  return new Elysia().delete(
    "/topics/end",
    async ({ request, query: { topic } }): Promise<Response> => {
      const grant = await access(request);
      assertPublisher(hub, grant);
      // Whoever may publish there may have ended it, with an event of any type.
      if (!matches(grant.publish?.topics ?? [], topic)) {
        throw forbidden(grant, remedies.publish);
      }
      assertEnds(log.store);
      if (!(await log.openTopic(topic))) {
        throw new Problem(404, `the topic ${JSON.stringify(topic)} has not ended`);
      }
      return new Response(null, { status: 204 });
    },
    {
      query: EndQuery,
      detail: operation({
        tag: "publish",
        audience: "publisher",
        summary: "Open a topic that has ended",
        description:
          "Events can be published there again, and streams stay open. A reader that has been told that it has all does not come back by itself.",
        answers: { 204: { description: "It is open" } },
        problems: [404, 501],
      }),
    },
  );
}
