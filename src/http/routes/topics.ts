import { Elysia } from "elysia";
import { matches } from "../../topics/topic-patterns.ts";
import { forbidden } from "../answer/challenge.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { operation, pathParameter } from "../openapi/operation.ts";
import { assertEnds, assertPublisher } from "../publish/publishing.ts";

/** `DELETE /topics/:topic/end`: opens a topic that has ended. */
export function topicRoutes(hub: Hub) {
  const { access, remedies } = hub;
  const { log } = hub.broker;
  return new Elysia().delete(
    "/topics/:topic/end",
    async ({ request, params: { topic } }): Promise<Response> => {
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
      detail: operation({
        tag: "publish",
        audience: "publisher",
        summary: "Open a topic that has ended",
        description:
          "Events can be published there again, and streams stay open. A reader that has been told that it has all does not come back by itself.",
        parameters: [pathParameter("topic", "The topic, percent-encoded: `chat%2F1` is `chat/1`", "chat/1")],
        answers: { 204: { description: "It is open" } },
        problems: [404, 501],
      }),
    },
  );
}
