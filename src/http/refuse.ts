import type { AnyElysia } from "elysia";
import { Problem } from "./problem.ts";
import type { Refusals, Refused } from "./refusals.ts";

interface Failure extends Refused {
  readonly code: unknown;
  readonly error: unknown;
}

/** Answers everything that goes wrong in the application with a problem. */
export function refuse(app: AnyElysia, refusals: Refusals): (failure: Failure) => Response {
  return (failure) => {
    const { code, error, request } = failure;
    if (error instanceof Problem) return refusals.answer(error, failure);
    if (code === "NOT_FOUND") {
      return refusals.answer(notFound(app, request.method, new URL(request.url).pathname), { request });
    }
    const problem = new Problem(500, "the hub failed to answer; its log says why", { cause: error });
    return refusals.answer(problem, failure);
  };
}

function notFound(app: AnyElysia, method: string, pathname: string): Problem {
  const allowed = app.routes.filter(({ path }) => isPathOf(path, pathname)).map((route) => route.method);
  if (allowed.length === 0) return new Problem(404, `there is nothing at ${pathname}`);
  const allow = [...new Set(allowed)].join(", ");
  return new Problem(405, `${pathname} does not take ${method}; it takes ${allow}`, { headers: { allow } });
}

/** Whether a request for the path is one for the route, whose parameters begin with a colon. */
function isPathOf(route: string, pathname: string): boolean {
  const wanted = route.split("/");
  const given = pathname.split("/");
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith(":") || part === given[i])
  );
}
