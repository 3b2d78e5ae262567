import { Elysia } from "elysia";
import style from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
// Served by the hub itself: its page must work where there is no internet.
import script from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { PAGE_HEADERS } from "../answer/page-headers.ts";

// The page's links are relative: the hub does not know below which path a proxy shows it. What is of
// the page's own is in files too, since its policy allows nothing inline.
const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidings: the interface</title>
<link rel="stylesheet" href="openapi/swagger-ui.css">
<link rel="stylesheet" href="openapi/page.css">
<div id="swagger-ui"></div>
<script src="openapi/swagger-ui.js"></script>
<script src="openapi/page.js"></script>
</html>
`;

const ownScript = `SwaggerUIBundle({ url: "openapi/json", dom_id: "#swagger-ui" });
`;

const ownStyle = `@media (prefers-color-scheme: dark) {
  body { background-color: #222; }
  .swagger-ui { filter: invert(92%) hue-rotate(180deg); }
  .swagger-ui .microlight { filter: invert(100%) hue-rotate(180deg); }
}
`;

/** `GET /openapi`, a page to try the interface, and its files. */
export function descriptionPage() {
  const file = (content: string | Blob, type: string) => () =>
    new Response(content, { headers: { "content-type": type } });
  return new Elysia({ detail: { hide: true } })
    .get("/openapi", () => {
      return new Response(html, { headers: { ...PAGE_HEADERS, "content-type": "text/html;charset=utf-8" } });
    })
    .get("/openapi/page.js", file(ownScript, "text/javascript;charset=utf-8"))
    .get("/openapi/page.css", file(ownStyle, "text/css;charset=utf-8"))
    .get("/openapi/swagger-ui.js", file(Bun.file(script), "text/javascript;charset=utf-8"))
    .get("/openapi/swagger-ui.css", file(Bun.file(style), "text/css;charset=utf-8"));
}
