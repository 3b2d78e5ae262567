import { type TObject, Type } from "@sinclair/typebox";
import { type AnyElysia, type Context, type DocumentDecoration, Elysia } from "elysia";
import type { RequestCount } from "../metrics/counts.ts";
import { QueryReader } from "../request/query.ts";
import { answerNotFound } from "./not-found.ts";
import { NOSNIFF } from "./page-headers.ts";
import { Problem } from "./problem.ts";
import type { Refusals, Refused } from "./refusals.ts";

/** How most requests are answered. Its headers are made once: to make them costs more than to copy them. */
const JSON_ANSWER = {
  headers: new Headers([["content-type", "application/json;charset=utf-8"], [...NOSNIFF]]),
};

/** A route that names no query takes none. */
const NO_QUERY = Type.Object({});

/** The parts of a context that handlers may use. Elysia reads their names, and prepares only these parts. */
type RouteContext = Pick<Context, "request" | "server" | "route" | "params" | "set">;
type Handler = (context: RouteContext & { readonly query: unknown }) => unknown;

/** Checks a request before its route does. An error that it throws becomes the answer. */
export type Enter = (request: Pick<RouteContext, "request" | "server">) => void;

/** Calls the handler, and turns an error that it throws into an answer. */
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

interface AnswerOptions {
  readonly refusals: Refusals;
  readonly enter?: Enter | undefined;
  /**
   * Whether the query is read by the routes' schemas. Routes of another protocol read their own.
   *
   * @defaultValue true
   */
  readonly readsQuery?: boolean;
}

/**
 * Wraps the routes so that each checks its own query and answers its own errors. Otherwise Elysia would give
 * the errors to the error handlers of the surrounding application, and a publisher could get an answer
 * that no hub gives. Elysia would also ignore unknown names in a query.
 */
export function withOwnAnswers<App extends AnyElysia>(
  app: App,
  { refusals, enter, readsQuery = true }: AnswerOptions,
): App {
  const own = new Elysia();
  for (const { method, path, handler, hooks } of app.routes) {
    const { query: schema, ...rest } = hooks as { query?: TObject; detail?: DocumentDecoration };
    const reader = readsQuery ? new QueryReader(schema ?? NO_QUERY) : undefined;
    const handle = handler as Handler;
    const mayBeCached = method === "GET";
    let counted: RequestCount | undefined;
    const answer = async ({ request, server, route, params, set }: RouteContext) => {
      let given: Response;
      // Here, and not by `answered`: each function that waits costs a publisher a promise more.
      try {
        enter?.({ request, server });
        given = toResponse(
          await handle({ request, server, route, params, set, query: reader?.read(request) }),
        );
      } catch (error) {
        given = refusals.answer(error, { request, route });
      }
      // Most say how the hub is at this moment, or what is for this reader alone.
      if (mayBeCached && !given.headers.has("cache-control")) given.headers.set("cache-control", "no-store");
      counted = refusals.requests.add(request.method, route, given.status, counted);
      return given;
    };
    const parameters = [...(reader?.parameters ?? []), ...(rest.detail?.parameters ?? [])];
    const detail = { ...rest.detail, ...(parameters.length > 0 && { parameters }) };
    own.route(method, path, answer, { ...rest, detail });
  }
  // The types of the routes do not change, since they do not include errors.
  return own as unknown as App;
}

/** What is no response yet is answered as JSON. */
function toResponse(given: unknown): Response {
  if (!(given instanceof Response)) return new Response(JSON.stringify(given), JSON_ANSWER);
  given.headers.set(...NOSNIFF);
  return given;
}

/** Answers errors outside of the hub's routes, in the application of the executable. */
export function answerError(
  app: AnyElysia,
  refusals: Refusals,
  { code, error, request, route = "" }: Refused & { readonly code: unknown; readonly error: unknown },
): Response {
  if (code !== "NOT_FOUND" || error instanceof Problem) return refusals.answer(error, { request, route });
  const answer = answerNotFound(app, request);
  if (!(answer instanceof Response)) return refusals.answer(answer, { request });
  answer.headers.set(...NOSNIFF);
  return answer;
}
