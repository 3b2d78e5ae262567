import { Elysia } from "elysia";
import { type Grant, OPEN } from "../../auth/grant.ts";
import type { Broker } from "../../broker/broker.ts";
import { mayRead, toPrivateTopics } from "../../broker/interest.ts";
import { type AccessRules, requireAdmin } from "../../http/access/access.ts";
import { sendAsset } from "../../http/answer/asset.ts";
import { PAGE_HEADERS } from "../../http/answer/page-headers.ts";
import { draining, Problem } from "../../http/answer/problem.ts";
import type { StatusOf } from "../../http/status/hub-status.ts";
import { directStream } from "../../http/stream/direct-stream.ts";
import { STREAM_HEADERS } from "../../http/stream/stream-headers.ts";
import { jsonOf } from "../../log/data-text.ts";
import { MAX_TIMER_MS } from "../../timers.ts";
import { loadAssets, loadSdkScript } from "./assets.ts";
import { Feed } from "./feed.ts";
import { FigureHistory } from "./figure-history.ts";

/** Where the page's other files are, seen from the page. */
const FOLDER = "console";

interface ConsoleOptions extends AccessRules {
  readonly broker: Broker;
  /** How the hub is, all its nodes together. */
  readonly status: StatusOf;
}

/**
 * `GET /`, the console: its page, the files of the page, and the feed that it draws from. `GET /sdk.js`: the
 * SDK for pages of one's own.
 */
export function consoleRoutes({ broker, status, ...rules }: ConsoleOptions) {
  const history = new FigureHistory(broker, status);
  return new Elysia({ detail: { hide: true } })
    .get("/", async ({ request }) => {
      const { html } = await loadAssets(FOLDER);
      // Asked for again each time, so that a new release is seen at once; mostly answered by 304.
      return sendAsset(html, request, { ...PAGE_HEADERS, "cache-control": "no-cache" });
    })
    .get("/sdk.js", async ({ request }) =>
      sendAsset(await loadSdkScript(), request, {
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache",
      }),
    )
    .get(`/${FOLDER}/:file`, async ({ request, params: { file } }) => {
      const asset = (await loadAssets(FOLDER)).files.get(file);
      if (!asset) throw new Problem(404, `the console has no file ${JSON.stringify(file)}`);
      // Its name holds its hash.
      return sendAsset(asset, request, {
        "x-content-type-options": "nosniff",
        "cache-control": "public, max-age=31536000, immutable",
      });
    })
    .get(`/${FOLDER}/feed`, async ({ request, server }) => {
      const grant = await requireAdmin(rules, request);
      if (broker.closed) throw draining();
      server?.timeout(request, 0);
      const { privateTopics } = grant;
      const options = {
        status,
        past: history.past,
        signal: whileGood(request.signal, grant),
        keyed: grant !== OPEN,
        privateTopics,
      };
      const stream = directStream(request, (sink) => void new Feed(broker, sink, options));
      return new Response(stream, { headers: STREAM_HEADERS });
    })
    .get(`/${FOLDER}/events/:id`, async ({ request, params: { id } }) => {
      const { privateTopics } = await requireAdmin(rules, request);
      const readable = toPrivateTopics(privateTopics);
      const position = await broker.log.locate(id, (event) => mayRead(readable, event));
      const stretch = position === undefined ? undefined : await broker.log.read(position - 1, 1);
      const entry = stretch?.entries[0];
      if (!entry || !mayRead(readable, entry))
        throw new Problem(404, "the hub does not hold this event any more");
      return new Response(jsonOf(entry), {
        headers: { "content-type": "application/json", "cache-control": "no-store" },
      });
    });
}

/** Aborts when the signal does, or when the grant is good no longer. */
function whileGood(signal: AbortSignal, { expires, credential }: Grant): AbortSignal {
  const ends = credential ? [signal, credential.withdrawn] : [signal];
  if (expires !== undefined) {
    const left = Math.min(Math.max(0, expires - Date.now()), MAX_TIMER_MS);
    ends.push(AbortSignal.timeout(left));
  }
  return ends.length > 1 ? AbortSignal.any(ends) : signal;
}
