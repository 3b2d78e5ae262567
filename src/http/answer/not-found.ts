import type { AnyElysia } from "elysia";
import { nearestName } from "../../events/nearest-name.ts";
import { requestUrl } from "../request/request.ts";
import { Problem } from "./problem.ts";

/** Answers a request for which the application has no route. */
export function answerNotFound(app: AnyElysia, request: Request): Response | Problem {
  // RFC 9112, section 3.2: a fragment is never sent.
  if (request.url.includes("#")) return new Problem(400, "the request's address has a fragment (#)");
  const { pathname } = requestUrl(request);
  const allowed = allowedMethods(app, pathname);
  // RFC 9110, section 9.3.7.
  if (request.method === "OPTIONS" && allowed.length > 0) {
    return new Response(null, { status: 204, headers: { allow: allowed.join(", ") } });
  }
  if (allowed.length === 0) return new Problem(404, `there is nothing at ${pathname}${hint(app, pathname)}`);
  const allow = allowed.join(", ");
  return new Problem(405, `${pathname} does not take ${request.method}; it takes ${allow}`, {
    headers: { allow },
  });
}

/** The path that was probably meant: one that is written alike, or the end of a longer one. */
function hint(app: AnyElysia, pathname: string): string {
  const paths = app.routes.map(({ path }) => path).filter((path) => path !== "/" && !path.includes(":"));
  const meant = nearestName(pathname, paths) ?? paths.find((path) => pathname.endsWith(path));
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

/** The methods that a path takes; none when there is nothing at it. */
function allowedMethods(app: AnyElysia, pathname: string): string[] {
  const methods = new Set<string>();
  for (const { method, path } of app.routes) {
    if (!isPathOf(path, pathname)) continue;
    methods.add(method);
    // The router answers HEAD by the route of GET.
    if (method === "GET") methods.add("HEAD");
  }
  if (methods.size > 0) methods.add("OPTIONS");
  return [...methods];
}

/** Whether a request for the path is one for the route, whose parameters begin with a colon. */
function isPathOf(route: string, pathname: string): boolean {
  const wanted = route.split("/");
  // The router ignores a slash at the end.
  const given = (pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname).split("/");
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith(":") || part === given[i])
  );
}
