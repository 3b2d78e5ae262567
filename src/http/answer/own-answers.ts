import { type AnyElysia, type Context, Elysia } from "elysia";
import { problemOf } from "./problem.ts";
import type { Refusals } from "./refusals.ts";

type Handler = (context: RouteContext) => unknown;
/** What routes may use. Elysia reads these names, and prepares no more of a request than they are. */
type RouteContext = Pick<Context, "request" | "server" | "route" | "params" | "set">;

/**
 * The same routes, which answer their refusals themselves. Thrown, they would go to the error
 * handlers of the application around first, and one that answers everything would leave a
 * publisher with an answer that no hub gives.
 */
export function withOwnAnswers<App extends AnyElysia>(app: App, refusals: Refusals): App {
  const answering = new Elysia();
  for (const { method, path, handler, hooks } of app.routes) {
    answering.route(method, path, answer(handler as Handler, refusals), hooks);
  }
  // Their types are the same: what is thrown is not in them.
  return answering as unknown as App;
}

function answer(handler: Handler, refusals: Refusals) {
  return async ({ request, server, route, params, set }: RouteContext) => {
    try {
      return await handler({ request, server, route, params, set });
    } catch (error) {
      const problem = problemOf(error);
      if (problem) return refusals.answer(problem, { request, route });
      throw error;
    }
  };
}
