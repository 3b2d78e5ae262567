import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { type JWTPayload, SignJWT } from "jose";
import type { Page } from "playwright-core";
import { BROWSER_TIMEOUT, browserless, openPage } from "../browser.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { bearer, post } from "../http/keyed-hub.ts";
import { until } from "../until.ts";
import { runBinary, serveBinary } from "./binary.ts";

const PUBLISH_KEY = "the-key-of-a-publisher";
const ADMIN_KEY = "the-key-of-an-administrator";

/** The port of a web site that is not the hub's. */
function startSite(html = "<!doctype html>", api?: () => Promise<Response>): number {
  const page = () => new Response(html, { headers: { "content-type": "text/html" } });
  const site = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => (api && url.endsWith("/api/ticket") ? api() : page()),
  });
  defer(() => site.stop(true));
  return Number(site.url.port);
}

/** A hub with keys, and a way to sign tokens for it with the executable. */
async function startHub(...args: string[]) {
  const folder = emptyFolder();
  await Bun.write(join(folder, "secret"), "a secret of more than thirty-two bytes\n");
  await Bun.write(join(folder, "keys"), `${PUBLISH_KEY}\n`);
  await Bun.write(join(folder, "admin"), `${ADMIN_KEY}\n`);
  const keys = ["--jwt-key-file", "secret", "--publish-key-file", "keys", "--admin-key-file", "admin"];
  const { url } = await serveBinary(folder, ...keys, ...args);
  const sign = async (...grants: string[]) => {
    const { output, code } = await runBinary(folder, "token", "--jwt-key-file", "secret", ...grants);
    expect(code).toBe(0);
    return output.trim();
  };
  return { url, port: new URL(url).port, sign };
}

const SECRET_EVENT = { type: "e", data: "for alice", topics: ["users/alice"], private: true };
const publish = async (url: string) => {
  const response = await post(`${url}/publish`, SECRET_EVENT, PUBLISH_KEY);
  return ((await response.json()) as { recipients: number }).recipients;
};

/** Opens an EventSource in the page; resolves when it is connected. What it hears is kept there. */
function subscribe(page: Page, url: string, init: EventSourceInit = {}): Promise<string> {
  return page.evaluate(
    ([url, init]) =>
      new Promise<string>((resolve) => {
        const source = new EventSource(url, init);
        const heard = new Promise((hear) => {
          source.addEventListener("e", ({ data }) => hear(data));
        });
        Object.assign(globalThis, { heard });
        source.addEventListener("connected", () => resolve("connected"));
        source.onerror = () => resolve(source.readyState === EventSource.CLOSED ? "refused" : "lost");
      }),
    [url, init] as const,
  );
}

const heard = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { heard: Promise<string> }).heard);

/** What of a request can be handed to a page. */
interface PageRequest {
  readonly method?: string;
  readonly mode?: "cors" | "no-cors";
  readonly credentials?: "include";
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** The status of a fetch in the page; `blocked` where the browser does not let the page see it. */
function fetchIn(page: Page, url: string, init: PageRequest = {}): Promise<number | string> {
  return page.evaluate(
    ([url, init]) =>
      fetch(url, init).then(
        ({ status }) => status,
        () => "blocked",
      ),
    [url, init] as const,
  );
}

const total = async (url: string, headers = bearer(ADMIN_KEY)) =>
  ((await (await fetch(`${url}/clients`, { headers })).json()) as { total: number }).total;

describe.skipIf(browserless)("in a browser", () => {
  test(
    "a cookie that no script can read opens a stream of private events",
    async () => {
      const { url, sign } = await startHub("--private");
      const page = await openPage(`${url}/status`);
      expect(await subscribe(page, "/events?topic=users/alice")).toBe("refused");
      const token = await sign("--subscribe", "users/alice");
      expect(await fetchIn(page, "/session", { method: "POST", headers: bearer(token) })).toBe(204);
      expect(await page.evaluate(() => document.cookie)).toBe("");
      expect(await subscribe(page, "/events?topic=users/alice")).toBe("connected");
      expect(await publish(url)).toBe(1);
      expect(await heard(page)).toBe('"for alice"');
      expect(await subscribe(page, "/events?topic=users/bob")).toBe("refused");
      expect(await fetchIn(page, "/session", { method: "DELETE" })).toBe(204);
      expect(await subscribe(page, "/events?topic=users/alice")).toBe("refused");
    },
    BROWSER_TIMEOUT,
  );

  test(
    "a page of a named origin gets a ticket, listens with it and publishes",
    async () => {
      const site = startSite();
      const { url, sign } = await startHub("--cors-origin", `http://app.localhost:${site}`);
      const page = await openPage(`http://app.localhost:${site}`);
      const token = await sign("--subscribe", "users/alice", "--publish", "chat/*");
      const ticket = await page.evaluate(
        async ([url, authorization]) => {
          const response = await fetch(`${url}/tickets`, { method: "POST", headers: { authorization } });
          return ((await response.json()) as { ticket: string }).ticket;
        },
        [url, bearer(token).authorization] as const,
      );
      const stream = `${url}/events?ticket=${ticket}`;
      expect(await subscribe(page, stream)).toBe("connected");
      expect(await publish(url)).toBe(1);
      expect(await heard(page)).toBe('"for alice"');
      expect(await subscribe(page, stream)).toBe("refused");

      const sent = (topic: string) =>
        fetchIn(page, `${url}/publish`, {
          method: "POST",
          headers: { ...bearer(token), "content-type": "application/json" },
          body: JSON.stringify({ type: "said", data: "hello", topics: [topic] }),
        });
      expect(await sent("chat/1")).toBe(200);
      expect(await sent("orders/1")).toBe(403);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "a page whose server gets the tickets goes on where it was when its stream has ended",
    async () => {
      let ticket: () => Promise<Response> = async () => new Response("not yet", { status: 503 });
      const site = startSite(undefined, () => ticket());
      const { url, sign } = await startHub("--cors-origin", `http://app.localhost:${site}`);
      const token = await sign("--subscribe", "users/alice", "--subject", "alice");
      // Asked once more when the hub is gone already.
      ticket = () => post(`${url}/tickets`, null, token).catch(() => new Response("gone", { status: 502 }));
      const page = await openPage(`http://app.localhost:${site}`);
      await page.evaluate((hub) => {
        const heard: string[] = [];
        Object.assign(globalThis, { heard });
        async function listen(lastEventId?: string): Promise<void> {
          const { ticket } = (await (await fetch("/api/ticket")).json()) as { ticket: string };
          const query = new URLSearchParams({ ticket, ...(lastEventId && { last_event_id: lastEventId }) });
          const source = new EventSource(`${hub}/events?${query}`);
          let last = lastEventId;
          source.addEventListener("e", ({ data, lastEventId }) => {
            last = lastEventId;
            heard.push(data);
          });
          source.onerror = () => {
            source.close();
            void listen(last);
          };
        }
        void listen();
      }, url);
      const send = (data: string) => post(`${url}/publish`, { ...SECRET_EVENT, data }, PUBLISH_KEY);
      const hears = (count: number) =>
        page.waitForFunction(
          (count) => (globalThis as unknown as { heard: string[] }).heard.length >= count,
          count,
        );
      await until(async () => (await total(url)) > 0);
      await send("one");
      await hears(1);
      await fetch(`${url}/clients?subject=alice`, { method: "DELETE", headers: bearer(ADMIN_KEY) });
      await send("two");
      await hears(2);
      await send("three");
      await hears(3);
      expect(await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard)).toEqual([
        '"one"',
        '"two"',
        '"three"',
      ]);
    },
    BROWSER_TIMEOUT,
  );

  test(
    "a page of a named origin on the same site may use the cookie",
    async () => {
      const site = startSite();
      const { port, sign } = await startHub("--private", "--cors-origin", `http://localhost:${site}`);
      const hub = `http://localhost:${port}`;
      const page = await openPage(`http://localhost:${site}`);
      const token = await sign("--subscribe", "users/alice");
      const session = { method: "POST", headers: bearer(token), credentials: "include" } as const;
      expect(await fetchIn(page, `${hub}/session`, session)).toBe(204);
      const stream = `${hub}/events?topic=users/alice`;
      expect(await subscribe(page, stream, { withCredentials: true })).toBe("connected");
      expect(await publish(hub)).toBe(1);
      expect(await heard(page)).toBe('"for alice"');
    },
    BROWSER_TIMEOUT,
  );

  test(
    "with --cors-origin '*' every page may listen, and none with the cookie",
    async () => {
      const site = startSite();
      const { port, sign } = await startHub("--cors-origin", "*");
      const hub = `http://localhost:${port}`;
      const page = await openPage(`${hub}/status`);
      const token = await sign("--subscribe", "users/alice");
      expect(await fetchIn(page, "/session", { method: "POST", headers: bearer(token) })).toBe(204);
      await page.goto(`http://localhost:${site}`);
      expect(await subscribe(page, `${hub}/events`)).toBe("connected");
      expect(await fetchIn(page, `${hub}/status`, { credentials: "include" })).toBe("blocked");
      expect(await subscribe(page, `${hub}/events`, { withCredentials: true })).not.toBe("connected");
    },
    BROWSER_TIMEOUT,
  );

  test(
    "a page of another site gets nothing out of a developer's open hub, and nothing into it",
    async () => {
      const folder = emptyFolder();
      const { url } = await serveBinary(folder);
      const event = JSON.stringify({ type: "e", data: "forged" });
      const site = startSite(`<!doctype html>
        <form method="post" enctype="text/plain" action="${url}/publish">
          <input name='${event.slice(0, -1)},"x":"' value='"}'><button>Win a prize</button>
        </form>`);
      const page = await openPage(`http://evil.example:${site}`);
      expect(await subscribe(page, `${url}/events`)).toBe("refused");
      expect(await fetchIn(page, `${url}/clients`)).toBe("blocked");
      expect(await fetchIn(page, `${url}/clients?address=127.0.0.1`, { method: "DELETE" })).toBe("blocked");
      for (const type of ["application/json", "text/plain"]) {
        for (const mode of ["cors", "no-cors"] as const) {
          await fetchIn(page, `${url}/publish`, {
            method: "POST",
            mode,
            headers: { "content-type": type },
            body: event,
          });
        }
      }
      await page.evaluate(
        (source) =>
          new Promise((resolve) => {
            const image = new Image();
            image.onload = image.onerror = resolve;
            image.src = source;
          }),
        `${url}/events`,
      );
      await Promise.all([page.waitForURL(`${url}/publish`), page.click("button")]);
      expect(await page.textContent("body")).toContain('"status":403');
      const status = await (await fetch(`${url}/status`)).json();
      expect(status).toMatchObject({ connected_clients: 0, totals: { published: 0, connected: 0 } });
    },
    BROWSER_TIMEOUT,
  );

  test(
    "a name that is pointed at this machine is not the hub's",
    async () => {
      const { url } = await serveBinary(emptyFolder());
      const page = await openPage(`http://evil.example:${new URL(url).port}/`);
      expect(await page.textContent("body")).toContain('"status":421');
      expect(await fetchIn(page, "/status")).toBe(421);
      expect(await subscribe(page, "/events")).toBe("refused");
      expect(
        await fetchIn(page, "/publish", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ type: "e", data: "forged" }),
        }),
      ).toBe(421);
    },
    BROWSER_TIMEOUT,
  );
});

test("the keys at a URL are what tokens are checked with", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  let jwks: Response | undefined;
  const site = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => jwks?.clone() ?? new Response("not yet", { status: 503 }),
  });
  defer(() => site.stop(true));
  const identity = ["--jwt-issuer", "https://id.example", "--jwt-audience", "hub"];
  const { url } = await serveBinary(emptyFolder(), "--jwks-url", `${site.url}keys`, ...identity);
  const token = (change: JWTPayload = {}) =>
    new SignJWT({
      ...{ iss: "https://id.example", aud: "hub", tidings: { publish: { topics: ["a"] } } },
      ...change,
    })
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setExpirationTime("1m")
      .sign(privateKey);
  const publish = async (bearer: string) =>
    post(`${url}/publish`, { type: "e", data: 1, topics: ["a"] }, bearer);

  const unavailable = await publish(await token());
  expect(unavailable.status).toBe(503);
  expect(unavailable.headers.get("retry-after")).toBe("5");
  jwks = Response.json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1" }] });
  // After a failure the hub leaves the keys' server alone for a moment.
  await until(async () => (await publish(await token())).status === 200);
  expect((await publish(await token({ aud: "another" }))).status).toBe(401);
  expect((await publish(await token({ iss: "https://evil.example" }))).status).toBe(401);
  expect((await publish(await token({ tidings: {} }))).status).toBe(403);
});

test("a client that is removed is gone, and one whose token ends is sent away", async () => {
  const { url, sign } = await startHub();
  const stream = async (...grants: string[]) => {
    const response = await fetch(`${url}/events`, { headers: bearer(await sign(...grants)) });
    expect(response.status).toBe(200);
    return response;
  };
  const alice = await stream("--subscribe", "*", "--subject", "alice");
  const bob = await stream("--subscribe", "*", "--subject", "bob");
  const brief = await stream("--subscribe", "*", "--expires", "2s");
  expect(await total(url)).toBe(3);
  const removal = await fetch(`${url}/clients?subject=alice`, {
    method: "DELETE",
    headers: bearer(ADMIN_KEY),
  });
  expect(await removal.json()).toEqual({ removed: 1 });
  expect(await alice.text()).toContain("event: connected");
  expect(await brief.text()).toContain("event: connected");
  expect(await total(url)).toBe(1);
  await bob.body?.cancel();
});
