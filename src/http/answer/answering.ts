import { type TObject, Type } from "@sinclair/typebox";
import { type AnyElysia, type Context, type DocumentDecoration, Elysia } from "elysia";
import { problemResponses } from "../openapi/problem-responses.ts";
import { QueryReader } from "../request/query.ts";
import { answerNotFound } from "./not-found.ts";
import { Problem } from "./problem.ts";
import type { Refusals, Refused } from "./refusals.ts";

/** A route that names no query takes none. */
const NO_QUERY = Type.Object({});

/** What handlers may use. Elysia reads these names, and prepares no more of a request than they are. */
type RouteContext = Pick<Context, "request" | "server" | "route" | "params" | "set">;
type Handler = (context: RouteContext & { readonly query: unknown }) => unknown;

/** Looks at a request before its route does. What it throws is the answer. */
export type Enter = (request: Pick<RouteContext, "request" | "server">) => void;

/** What the handler answers; what it throws as an answer, too. */
export async function answered<Answer>(
  handle: () => Answer | Promise<Answer>,
  refusals: Refusals,
  refused: Refused,
): Promise<Answer | Response> {
  try {
    return await handle();
  } catch (error) {
    return refusals.answer(error, refused);
  }
}

/**
 * The same routes, each of which checks its query and answers its refusals itself. Left to Elysia,
 * both would go to the error handlers of the application around first, and one that answers
 * everything would leave a publisher with an answer that no hub gives. What Elysia does with a query
 * also leaves out of account what a route does not know.
 */
export function withOwnAnswers<App extends AnyElysia>(
  app: App,
  { refusals, enter }: { readonly refusals: Refusals; readonly enter?: Enter | undefined },
): App {
  const own = new Elysia();
  for (const { method, path, handler, hooks } of app.routes) {
    const { query: schema, ...rest } = hooks as { query?: TObject; detail?: DocumentDecoration };
    const reader = new QueryReader(schema ?? NO_QUERY);
    const handle = handler as Handler;
    const answer = async ({ request, server, route, params, set }: RouteContext) => {
      set.headers["x-content-type-options"] = "nosniff";
      const answering = () => {
        enter?.({ request, server });
        return handle({ request, server, route, params, set, query: reader.read(request) });
      };
      const given = await answered(answering, refusals, { request, route });
      refusals.requests.add(request.method, route, given instanceof Response ? given.status : 200);
      return given;
    };
    const parameters = [...reader.parameters, ...(rest.detail?.parameters ?? [])];
    // Every route refuses a name in its query that it does not know.
    const responses = { ...problemResponses(400), ...rest.detail?.responses };
    const detail = { ...rest.detail, responses, ...(parameters.length > 0 && { parameters }) };
    own.route(method, path, answer, { ...rest, detail });
  }
  // Their types are the same: what is thrown is not in them.
  return own as unknown as App;
}

/** Answers what goes wrong outside of the hub's routes, in an application that is a hub's own. */
export function answerError(
  app: AnyElysia,
  refusals: Refusals,
  { code, error, request, route = "" }: Refused & { readonly code: unknown; readonly error: unknown },
): Response {
  if (code !== "NOT_FOUND" || error instanceof Problem) return refusals.answer(error, { request, route });
  const answer = answerNotFound(app, request);
  return answer instanceof Response ? answer : refusals.answer(answer, { request });
}
