import { expect, test } from "bun:test";
import { toOpenAPISchema } from "@elysiajs/openapi/openapi";
import { Elysia } from "elysia";
import type { Page } from "playwright-core";
import { createApp } from "../../../src/app.ts";
import { OPEN, PUBLIC } from "../../../src/auth/grant.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { flagRemedies } from "../../../src/config/remedies.ts";
import { type Access, openAccess } from "../../../src/http/access/access.ts";
import { invalidToken } from "../../../src/http/answer/challenge.ts";
import { Problem } from "../../../src/http/answer/problem.ts";
import { silent } from "../../../src/logger.ts";
import { tidings } from "../../../src/plugin.ts";
import { HubEvent } from "../../../src/protocol/hub-events.ts";
import { PROBLEM_TITLES } from "../../../src/protocol/problem.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../../browser.ts";
import { startHub } from "../../hub.ts";
import { startKeyedHub } from "../keyed-hub.ts";
import { type DescribedOperation, describedAt, operationsOf } from "./description.ts";

/** A hub's operations, by method and path. */
async function operations(): Promise<[name: string, operation: DescribedOperation][]> {
  return operationsOf(await describedAt(startKeyedHub().url));
}

test("it describes every route that is not a page or part of one", async () => {
  const app = createApp({ remedies: flagRemedies, broker: new Broker(), logger: silent, access: openAccess });
  const pages = /^\/($|console|openapi|assets)/;
  const routes = app.routes
    .filter(({ method, path, hooks }) => method !== "OPTIONS" && !pages.test(path) && !hooks?.detail?.hide)
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const described = (await operations()).map(([name]) => name);
  expect(described.sort()).toEqual([...new Set(routes)].sort());
  expect(described.length).toBeGreaterThan(15);
});

test("each operation says what it is for, what it answers and how it refuses", async () => {
  for (const [name, { summary, description, tags, security, responses, requestBody }] of await operations()) {
    expect([name, typeof summary, typeof description]).toEqual([name, "string", "string"]);
    expect([name, tags?.length, Array.isArray(security)]).toEqual([name, 1, true]);
    const statuses = Object.keys(responses);
    expect([name, statuses]).toEqual([name, expect.arrayContaining(["400", "403", "421", "431", "500"])]);
    expect([name, statuses.some((status) => status.startsWith("2"))]).toEqual([name, true]);
    const contents = [requestBody, ...Object.values(responses)].flatMap((part) =>
      Object.entries(part?.content ?? {}),
    );
    for (const [type, { examples = {} }] of contents) {
      // A copy of the store has none that could be shown.
      if (type !== "application/vnd.sqlite3")
        expect([name, type, Object.keys(examples)]).not.toEqual([name, type, []]);
    }
    for (const [status, { content = {}, headers = {} }] of Object.entries(responses)) {
      const where = `${name} ${status}`;
      // The runtime's own answer has no body.
      if (status >= "400" && status !== "431")
        expect([where, Object.keys(content)]).toEqual([where, ["application/problem+json"]]);
      if (status === "401")
        expect([where, headers]).toEqual([
          where,
          expect.objectContaining({ "WWW-Authenticate": expect.anything() }),
        ]);
      if (status === "429" || status === "503")
        expect([where, headers]).toEqual([
          where,
          expect.objectContaining({ "Retry-After": expect.anything() }),
        ]);
    }
  }
});

/** What stands in the way of every request. */
const OBSTACLES: readonly {
  readonly what: string;
  readonly access: Access;
  readonly query?: string;
  readonly headers?: Record<string, string>;
}[] = [
  { what: "another name", access: openAccess, headers: { host: "evil.test" } },
  { what: "two names", access: openAccess, headers: { host: "localhost, localhost" } },
  { what: "another origin", access: openAccess, headers: { origin: "https://evil.test" } },
  { what: "an unknown name in the query", access: openAccess, query: "?nonsense=1" },
  { what: "a token in the query", access: openAccess, query: "?access_token=x" },
  { what: "no credential", access: () => ({ ...PUBLIC, subscribe: [] }) },
  { what: "a credential for nothing", access: () => ({ subscribe: [], privateTopics: [], subject: "x" }) },
  {
    what: "a bad token",
    access() {
      throw invalidToken("it has expired");
    },
  },
  {
    what: "keys that can't be had",
    access() {
      throw new Problem(503, "no keys", { type: "keys-unavailable", retryAfter: 5 });
    },
  },
  {
    what: "a fault of the hub's",
    access() {
      throw new Error("of the test");
    },
  },
  { what: "nothing", access: () => OPEN },
];

test.each(OBSTACLES)(
  "each operation describes its answer to a request that meets $what",
  async ({ access, query = "", headers = {} }) => {
    const app = createApp({
      remedies: flagRemedies,
      broker: new Broker(),
      logger: silent,
      access,
      hosts: [],
      origins: [],
    });
    for (const [name, { responses, security }] of await operations()) {
      const [method = "", path = ""] = name.split(" ");
      const url = `http://localhost${path.replace(/\{\w+\}/g, "x")}${query}`;
      const aborter = new AbortController();
      const request = new Request(url, {
        method,
        headers: { authorization: "Bearer x", ...headers },
        signal: aborter.signal,
      });
      const answer = await app.handle(request);
      expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining([String(answer.status)])]);
      // Whoever is asked for no credential is not refused for one.
      if (security?.length === 0) expect([name, answer.status]).not.toEqual([name, 401]);
      for (const header of ["www-authenticate", "retry-after", "set-cookie"]) {
        if (!answer.headers.has(header)) continue;
        const described = Object.keys(responses[answer.status]?.headers ?? {}).map((one) =>
          one.toLowerCase(),
        );
        expect([name, answer.status, described]).toEqual([
          name,
          answer.status,
          expect.arrayContaining([header]),
        ]);
      }
      aborter.abort();
      await answer.body?.cancel();
    }
  },
);

test("who sends no credential is refused where the description asks for one, and only there", async () => {
  const { url } = startKeyedHub();
  for (const [name, { security = [], parameters = [] }] of operationsOf(await describedAt(url))) {
    const [method = "", path = ""] = name.split(" ");
    const needed = parameters.filter((one) => one.in === "query" && one.required);
    const query = needed.length > 0 ? `?${needed.map((one) => `${one.name}=x`).join("&")}` : "";
    const aborter = new AbortController();
    const { status } = await fetch(url + path.replace(/\{\w+\}/g, "x") + query, {
      method,
      signal: aborter.signal,
    });
    aborter.abort();
    const isAsked = security.length > 0 && !security.some((one) => Object.keys(one).length === 0);
    expect([name, status === 401]).toEqual([name, isAsked]);
  }
});

test("a hub without keys asks for none, but for the session of one", async () => {
  for (const [name, { security }] of operationsOf(await describedAt(startHub().url))) {
    expect([name, security]).toEqual([name, name === "POST /session" ? [{ bearer: [] }] : []]);
  }
});

test("the names of the query are those that the check takes", async () => {
  const { url } = startHub();
  for (const [name, { parameters = [] }] of operationsOf(await describedAt(url))) {
    const [method = "", path = ""] = name.split(" ");
    const answer = await fetch(`${url}${path.replace(/\{\w+\}/g, "x")}?nonsense=1`, { method });
    const { detail } = (await answer.json()) as { detail: string };
    const described = parameters.filter((one) => one.in === "query").map((one) => one.name);
    const taken = described.length > 0 ? `it takes ${described.join(", ")}` : "this route takes none";
    expect([name, detail]).toEqual([name, `the query has no "nonsense"; ${taken}`]);
  }
});

test("problem details are one component, which names every kind of problem", async () => {
  const { url } = startHub();
  const text = await (await fetch(`${url}/openapi/json`)).text();
  expect(text.match(/RFC 9457/g)).toHaveLength(1);
  const { components } = JSON.parse(text) as {
    components: { schemas: { Problem: { properties: { type: { description: string } } } } };
  };
  const { description } = components.schemas.Problem.properties.type;
  for (const kind of Object.keys(PROBLEM_TITLES)) expect(description).toContain(`\`${kind}\``);
});

test("the stream's events are described, each of the hub's own by its name", async () => {
  const { paths } = await describedAt(startHub().url);
  const stream = JSON.stringify(paths["/events"]?.["get"]?.responses["200"]);
  for (const name of Object.values(HubEvent)) expect(stream).toContain(JSON.stringify(name));
});

test("in an application of one's own no route refers to what only the hub's description has", () => {
  const app = new Elysia().use(tidings({ broker: new Broker(), prefix: "/hub" }));
  const { paths } = toOpenAPISchema(app);
  expect(Object.keys(paths)).toContain("/hub/events");
  expect(JSON.stringify(paths)).not.toContain("$ref");
});

test("no other page frames a page of the hub, and no answer is taken for another type", async () => {
  const { url } = startHub();
  for (const path of ["/", "/openapi"]) {
    const { headers } = await fetch(url + path);
    expect([path, headers.get("content-security-policy")]).toEqual([
      path,
      expect.stringContaining("frame-ancestors 'none'"),
    ]);
  }
  const paths = ["/", "/openapi", "/openapi/json", "/openapi/page.js", "/openapi/swagger-ui.js", "/status"];
  for (const path of [...paths, "/events", "/nowhere", "/clients/x", "/events?topics=a", "/healthz#"]) {
    const { headers } = await fetch(url + path);
    expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
  }
  const rebound = await fetch(`${url}/status`, { headers: { origin: "http://evil.test" } });
  expect([rebound.status, rebound.headers.get("x-content-type-options")]).toEqual([403, "nosniff"]);
});

test.skipIf(browserless)(
  "the page to try it works without the internet",
  async () => {
    const { url } = startHub();
    const page = await openPage(`${url}/healthz`);
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).origin));
    page.on("pageerror", (error) => complaints.push(String(error)));
    // What the policy forbids is told there.
    page.on("console", (line) => /Content Security Policy/.test(line.text()) && complaints.push(line.text()));
    await page.goto(`${url}/openapi`);
    await page.getByText("Publish up to 10,000 events, all or none").waitFor();
    expect([...new Set(asked)]).toEqual([url]);
    expect(complaints).toEqual([]);
    await tryOut(page);
  },
  BROWSER_TIMEOUT,
);

/** Publishes an event by means of the page. */
async function tryOut(page: Page): Promise<void> {
  const operation = page.locator(".opblock", { hasText: "Publish an event" });
  await operation.click();
  await operation.getByText("Try it out").click();
  await operation.locator("textarea").fill('{"type":"n","data":1}');
  await operation.getByText("Execute").click();
  await operation.locator(".live-responses-table .response-col_status").getByText("200").waitFor();
}
