import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Grant } from "../../auth/grant.ts";
import { Status } from "../../protocol/status.ts";
import { version } from "../../version.ts";
import { draining, storeFailing } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { json, operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { textParameter } from "../request/query.ts";

/** The same, of which those who may not administer the hub are told less. */
const StatusAnswer = Type.Composite([
  Type.Pick(Status, ["status"]),
  Type.Partial(Type.Pick(Status, ["connected_clients", "version", "uptime_seconds"])),
  Type.Partial(Type.Omit(Status, ["status", "connected_clients", "version", "uptime_seconds"])),
]);
type StatusAnswer = Static<typeof StatusAnswer>;

const Health = Type.Object({ status: Type.String() });

const ReadyQuery = Type.Object({
  publish: textParameter("Whether to send it publishers, too", ""),
});

/** `GET /status`, `/healthz` and `/readyz`: how the hub is, for people and for whatever watches it. */
export function statusRoutes({ broker, access, status }: Hub) {
  return new Elysia()
    .get("/status", async ({ request }) => shownTo(await access(request), await status()), {
      detail: operation({
        tag: "operations",
        audience: "reader",
        summary: "Clients, memory, store and totals",
        description:
          "Administrators are told everything, and so is everyone on a hub without keys. Who may subscribe " +
          "is told no more than status, clients, version and uptime; others the status alone.",
        answers: {
          200: {
            description: "How the hub is",
            headers: { "Cache-Control": NOT_STORED },
            content: json("Status", StatusAnswer, {
              "for readers": { status: "active", connected_clients: 3, version, uptime_seconds: 86_400 },
              "for strangers": { status: "active" },
            }),
          },
        },
      }),
    })
    .get("/healthz", () => ({ status: "alive" }), {
      detail: operation({
        tag: "operations",
        audience: "everyone",
        summary: "Whether the process answers",
        description: "For a supervisor, which starts the process anew when it does not answer.",
        answers: {
          200: {
            description: "It does",
            headers: { "Cache-Control": NOT_STORED },
            content: json("Health", Health, { alive: { status: "alive" } }),
          },
        },
      }),
    })
    .get(
      "/readyz",
      ({ query: { publish } }) => {
        if (broker.draining) throw draining();
        const { log } = broker;
        const mayFail = publish === undefined && log.store.servesWhileFailing === true;
        if (!log.started || (log.failing && !mayFail)) throw storeFailing();
        return { status: "ready" };
      },
      {
        query: ReadyQuery,
        detail: operation({
          tag: "operations",
          audience: "everyone",
          summary: "Whether to send it traffic",
          description:
            "For a load balancer. A hub that is stopping, or whose store fails, answers 503. While Redis is away, a " +
            "node that serves readers from memory answers 200; with `publish`, 503.",
          answers: {
            200: {
              description: "It is ready",
              headers: { "Cache-Control": NOT_STORED },
              content: json("Health", Health, { ready: { status: "ready" } }),
            },
          },
          problems: [503],
        }),
      },
    );
}

/** What a hub holds, and how much goes through it, is not for strangers: even counts tell of private events. */
function shownTo({ admin, subscribe }: Grant, status: Status): StatusAnswer {
  if (admin) return status;
  const { status: state, connected_clients, version, uptime_seconds } = status;
  return subscribe.length > 0
    ? { status: state, connected_clients, version, uptime_seconds }
    : { status: state };
}
