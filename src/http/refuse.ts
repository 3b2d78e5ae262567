import type { AnyElysia } from "elysia";
import type { Logger } from "../broker/logger.ts";
import { Problem } from "./problem.ts";

interface Failure {
  readonly code: unknown;
  readonly error: unknown;
  readonly request: Request;
}

/** Answers everything that goes wrong in the application with a problem, and logs what is our fault. */
export function refuse(app: AnyElysia, logger: Logger): (failure: Failure) => Response {
  return ({ code, error, request }) => {
    if (error instanceof Problem) return error.toResponse();
    const { pathname } = new URL(request.url);
    if (code === "NOT_FOUND") return notFound(app, request.method, pathname).toResponse();
    logger.error({ error, method: request.method, path: pathname }, "request failed");
    return new Problem(500, "the hub failed to answer; its log says why").toResponse();
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
