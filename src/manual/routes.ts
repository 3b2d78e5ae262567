import { Elysia } from "elysia";
import { type Asset, sendAsset, toAsset } from "../http/answer/asset.ts";
import { PAGE_HEADERS } from "../http/answer/page-headers.ts";
import { Problem } from "../http/answer/problem.ts";
import { requestUrl } from "../http/request/request.ts";
import { INDEX_FILE, layout } from "./layout.ts";
import type { Manual } from "./manual.ts";
import { pageNames } from "./pages.ts";

/** A page may change with a release, so a browser asks each time; mostly it is told 304. */
const ASK_AGAIN = { "cache-control": "no-cache" };
/** For a name that holds a hash. */
const FOR_EVER = { "cache-control": "public, max-age=31536000, immutable" };

/** What is served below `/manual/`, by its path there. */
type Served = ReadonlyMap<string, () => Asset>;

let served: Promise<Served> | undefined;

/** The manual, made ready at the first call. From the sources it is rendered then. */
function load(): Promise<Served> {
  served ??= import("./rendered.ts").then(({ manual }) => prepare(manual));
  return served;
}

function prepare(manual: Manual): Served {
  const found = new Map<string, () => Asset>();
  const add = (path: string, type: string, make: () => string) => {
    let asset: Asset | undefined;
    found.set(path, () => {
      asset ??= toAsset(type, new TextEncoder().encode(make()));
      return asset;
    });
  };
  for (const [name, page] of Object.entries(manual.pages)) {
    add(name, "text/html;charset=utf-8", () => layout(manual, name, page));
  }
  add(INDEX_FILE, "application/json", () => manual.index);
  for (const { name, text } of Object.values(manual.assets)) add(`files/${name}`, typeOf(name), () => text);
  for (const [name, text] of Object.entries(manual.files)) add(`files/${name}`, typeOf(name), () => text);
  return found;
}

/** The files of the repository are to be read, whatever they are; so is an unknown one. */
function typeOf(name: string): string {
  const end = /\.(?:css|js|svg)$/.test(name);
  return end ? Bun.file(name).type : "text/plain;charset=utf-8";
}

/** `GET /manual`: the manual of this release, for everyone. */
export function manualRoutes() {
  const answer = async (path: string, request: Request, headers: Record<string, string>) => {
    const asset = (await load()).get(path);
    if (!asset) throw new Problem(404, `the manual has no page ${JSON.stringify(path)}`);
    return sendAsset(asset(), request, { ...PAGE_HEADERS, ...headers });
  };
  return new Elysia({ detail: { hide: true } })
    .get("/manual", ({ request }) => {
      const above = requestUrl(request).pathname.endsWith("/") ? "" : "manual/";
      return new Response(null, { status: 302, headers: { location: `${above}${pageNames[0]}` } });
    })
    .get("/manual/:page", ({ request, params: { page } }) => answer(page, request, ASK_AGAIN))
    .get("/manual/files/*", ({ request, params: { "*": path } }) =>
      answer(`files/${path}`, request, /-\w{8,}\.(?:css|js|svg)$/.test(path) ? FOR_EVER : ASK_AGAIN),
    );
}
