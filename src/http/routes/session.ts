import { Elysia } from "elysia";
import type { Access } from "../access/access.ts";
import { unauthenticated } from "../answer/challenge.ts";
import { operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { bearerOf, COOKIE } from "../request/credential.ts";

const HEADERS = {
  "Cache-Control": NOT_STORED,
  "Set-Cookie": {
    description: "HttpOnly, Secure and SameSite=Strict: for https, and for pages of the hub's own site",
    schema: { type: "string", examples: [`${COOKIE}=…; Path=/; Secure; HttpOnly; SameSite=Strict`] },
  },
};

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
        detail: operation({
          tag: "subscribe",
          audience: "bearer",
          summary: "Put the key or token of the request into a cookie",
          description:
            "For an EventSource, which can send no token: no script can read the cookie, and it lives as long as the token.",
          answers: { 204: { description: "The cookie is set", headers: HEADERS } },
        }),
      },
    )
    .delete("/session", () => withCookie("", 0), {
      detail: operation({
        tag: "subscribe",
        audience: "everyone",
        summary: "Remove the cookie",
        description: "Signs the browser out.",
        answers: { 204: { description: "The cookie is gone", headers: HEADERS } },
      }),
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
