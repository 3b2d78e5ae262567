import { Elysia } from "elysia";
import type { Access } from "../access/access.ts";
import { unauthenticated } from "../answer/challenge.ts";
import { problemResponses } from "../openapi/problem-responses.ts";
import { bearerOf, COOKIE } from "../request/credential.ts";

/** `POST /session` and `DELETE /session`: keeps a key or token in a cookie that no script can read. */
export function sessionRoutes(access: Access) {
  return new Elysia()
    .post(
      "/session",
      async ({ request }): Promise<Response> => {
        const token = bearerOf(request.headers);
        if (token === undefined) throw unauthenticated("send the key or token that the session is for");
        const { expires } = await access(request);
        // Without a lifetime the browser forgets it when it is closed.
        const seconds = expires === undefined ? undefined : Math.floor((expires - Date.now()) / 1000);
        return withCookie(token, seconds);
      },
      {
        detail: {
          tags: ["subscribe"],
          summary: "Put the key or token of the request into a cookie",
          responses: { 204: { description: "The cookie is set" }, ...problemResponses(401) },
        },
      },
    )
    .delete("/session", () => withCookie("", 0), {
      detail: {
        tags: ["subscribe"],
        summary: "Remove the cookie",
        responses: { 204: { description: "The cookie is gone" } },
      },
    });
}

function withCookie(value: string, maxAge: number | undefined): Response {
  const attributes = { path: "/", httpOnly: true, secure: true, sameSite: "strict" } as const;
  const cookie = new Bun.Cookie(COOKIE, value, { ...attributes, ...(maxAge !== undefined && { maxAge }) });
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": cookie.toString(), "cache-control": "no-store" },
  });
}
