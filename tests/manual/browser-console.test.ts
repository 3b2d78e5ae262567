import { expect, test } from "bun:test";
import { createApp } from "../../src/app.ts";
import { Broker } from "../../src/broker/broker.ts";
import { flagRemedies } from "../../src/config/remedies.ts";
import { openAccess } from "../../src/http/access/access.ts";
import { unauthenticated } from "../../src/http/answer/challenge.ts";
import { silent } from "../../src/logger.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";
import { half } from "../tls/certificate.ts";

const page = await Bun.file(new URL("../../src/manual/browser.md", import.meta.url)).text();
/** What a browser says, by the table of the page. */
const [, table = ""] = page.split("## When nothing comes");
const sayings = Array.from(table.matchAll(/^\| `([^`]+)` +\|/gm), ([, saying = ""]) => saying);

const tls = { cert: Bun.file(half("old", "crt")), key: Bun.file(half("old", "key")) };

interface Options {
  isPrivate?: boolean;
  origins?: readonly string[];
  isSecure?: boolean;
}

/** The port of a hub that lets pages of these origins in. */
function hub({ isPrivate = false, origins = ["*"], isSecure = false }: Options = {}): number | undefined {
  const access = isPrivate
    ? () => {
        throw unauthenticated("to read here takes a token");
      }
    : openAccess;
  const app = createApp({ remedies: flagRemedies, broker: new Broker(), logger: silent, access, origins });
  app.listen({ port: 0, hostname: "127.0.0.1", ...(isSecure && { tls }) });
  defer(() => app.stop(true));
  return app.server?.port;
}

/** A port at which nobody listens. */
function nobody(): number | undefined {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  server.stop(true);
  return port;
}

/** An address for each saying, at which a browser says it. */
const addresses: Readonly<Record<string, () => string>> = {
  "has been blocked by CORS policy": () => `http://127.0.0.1:${hub({ origins: [] })}/events`,
  "net::ERR_CONNECTION_REFUSED": () => `http://127.0.0.1:${nobody()}/events`,
  "404 (Not Found)": () => `http://127.0.0.1:${hub()}/event`,
  "400 (Bad Request)": () => `http://127.0.0.1:${hub()}/events?topics=a`,
  "401 (Unauthorized)": () => `http://127.0.0.1:${hub({ isPrivate: true })}/events`,
  'that is not "text/event-stream"': () => `http://127.0.0.1:${hub()}/`,
  "net::ERR_CERT_AUTHORITY_INVALID": () => `https://localhost:${hub({ isSecure: true })}/events`,
  "net::ERR_SSL_PROTOCOL_ERROR": () => `https://127.0.0.1:${hub()}/events`,
  "net::ERR_EMPTY_RESPONSE": () => `http://localhost:${hub({ isSecure: true })}/events`,
  "Mixed Content": () => "http://hub.example/events",
};

test("the manual has each saying that is tried here, and no other", () => {
  expect(sayings.toSorted()).toEqual(Object.keys(addresses).toSorted());
});

test.skipIf(browserless).each(sayings)(
  "a browser says: %s",
  async (saying) => {
    const isSecure = saying === "Mixed Content";
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      ...(isSecure && { tls }),
      fetch: () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
    });
    defer(() => server.stop(true));
    const opened = await openPage(`${isSecure ? "https" : "http"}://localhost:${server.port}`, {
      ignoreHTTPSErrors: isSecure,
    });
    const said = opened.waitForEvent("console", (message) => message.text().includes(saying));
    await opened.evaluate((url) => void new EventSource(url), addresses[saying]?.() ?? "");
    expect((await said).text()).toContain(saying);
  },
  BROWSER_TIMEOUT,
);
