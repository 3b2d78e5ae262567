import { Elysia } from "elysia";
import { consoleRoutes } from "./console/server/routes.ts";
import { type Access, openAccess } from "./http/access/access.ts";
import { crossOrigin } from "./http/access/cross-origin.ts";
import { guard, ownPages } from "./http/access/guard.ts";
import type { Remedies } from "./http/access/remedies.ts";
import { answerError, withOwnAnswers } from "./http/answer/answering.ts";
import { NOSNIFF } from "./http/answer/page-headers.ts";
import { Refusals } from "./http/answer/refusals.ts";
import { apiDescription } from "./http/openapi/api-description.ts";
import { givenRequestId, REQUEST_ID } from "./http/request/request.ts";
import { sessionRoutes } from "./http/routes/session.ts";
import { hubStatus } from "./http/status/hub-status.ts";
import type { Logger } from "./logger.ts";
import { manualRoutes } from "./manual/routes.ts";
import { type Nodes, SingleNode } from "./nodes/nodes.ts";
import { type HubOptions, hubRoutes } from "./plugin.ts";
import { type FindWebhook, webhookRoutes } from "./webhooks/routes.ts";

export interface AppOptions extends HubOptions {
  /**
   * The hub's nodes.
   *
   * @defaultValue this one alone
   */
  readonly nodes?: Nodes;
  readonly logger: Logger;
  readonly access: Access;
  /** The hub's names, besides those of the machine itself. Any name will do by default. */
  readonly hosts?: readonly string[] | undefined;
  /** The origins whose pages may use the hub, besides its own; `*` for all. */
  readonly origins?: readonly string[];
  /** Is told of each origin, other than these, whose page was refused. */
  readonly refusedOrigin?: (origin: string) => void;
  readonly remedies: Remedies;
  /**
   * Finds a webhook by its name.
   *
   * @defaultValue there is none
   */
  readonly webhooks?: FindWebhook;
}

/** The hub as an Elysia application of its own: every route of the binary. */
export function createApp({
  logger,
  hosts,
  origins = [],
  refusedOrigin,
  remedies,
  nodes = new SingleNode(),
  webhooks = () => undefined,
  ...options
}: AppOptions) {
  const status = hubStatus(options.broker, nodes);
  const refusals = new Refusals(logger);
  const check = guard({ hosts, origins, remedies, refusedOrigin });
  const app = new Elysia();
  // Elysia reads which parts of a request its hooks name, and prepares those for every request:
  // one that took the whole would have headers, query and cookies parsed each time. It also awaits
  // those that look as if they returned a call, so the check is not the last word of a hook.
  return app
    .onRequest(({ request, set }) => {
      const id = givenRequestId(request);
      if (id !== undefined) set.headers[REQUEST_ID] = id;
      check(request);
    })
    .onError(({ code, error, request, route, set }) => {
      const answer = answerError(app, refusals, { code, error, request, route });
      // Elysia has put the error's status here, and would let it win over a 200.
      set.status = answer.status;
      return answer;
    })
    .use(crossOrigin(origins))
    .use(
      new Elysia()
        .onBeforeHandle(({ set }) => {
          const [name, value] = NOSNIFF;
          set.headers[name] = value;
        })
        .use(apiDescription(app, { isOpen: options.access === openAccess }))
        .use(consoleRoutes({ ...options, status, remedies }))
        .use(manualRoutes()),
    )
    .use(withOwnAnswers(sessionRoutes(options.access), { refusals }))
    .use(
      hubRoutes({
        ...options,
        nodes,
        status,
        prefix: "",
        remedies,
        refusals,
        isOwnPage: ownPages(hosts),
        more: (hub) => webhookRoutes(hub, webhooks),
      }),
    );
}

/** The application's routes, for clients that are typed by them. */
export type App = ReturnType<typeof createApp>;
