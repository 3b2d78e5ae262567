import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Page } from "playwright-core";
import { createApp } from "../../../src/app.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { flagRemedies } from "../../../src/config/remedies.ts";
import { openAccess } from "../../../src/http/access/access.ts";
import { silent } from "../../../src/logger.ts";
import { BROWSER_TIMEOUT, browserless, openPage } from "../../browser.ts";
import { startHub } from "../../hub.ts";

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses?: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: unknown;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

async function describe(): Promise<Description> {
  const { url } = startHub();
  return (await (await fetch(`${url}/openapi/json`)).json()) as Description;
}

test("the description is valid OpenAPI 3", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...(await describe()) });
  expect(errors ?? []).toEqual([]);
  expect(valid).toBeTrue();
  expect(validator.version).toStartWith("3.");
});

test("it describes every route that is not a page or part of one", async () => {
  const { paths } = await describe();
  const app = createApp({ remedies: flagRemedies, broker: new Broker(), logger: silent, access: openAccess });
  const pages = /^\/($|console|openapi|assets)/;
  const routes = app.routes
    .filter(({ method, path, hooks }) => method !== "OPTIONS" && !pages.test(path) && !hooks?.detail?.hide)
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual([...new Set(routes)].sort());
  expect(described).toEqual(
    expect.arrayContaining([
      "GET /events",
      "POST /publish",
      "POST /publish/batch",
      "GET /status",
      "GET /catalog",
    ]),
  );
});

test("each operation says what it is for, what it answers and how it refuses", async () => {
  const { paths } = await describe();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { summary, tags, responses = {} }] of Object.entries(operations)) {
      const where = `${method} ${path}`;
      expect(summary, where).toBeString();
      expect(tags, where).toHaveLength(1);
      expect(
        Object.keys(responses).some((status) => status.startsWith("2")),
        where,
      ).toBeTrue();
      for (const [status, { content = {} }] of Object.entries(responses)) {
        if (status >= "400") expect(Object.keys(content), where).toEqual(["application/problem+json"]);
      }
    }
  }
  expect(
    paths["/events"]?.["get"]?.parameters?.map((parameter) => `${parameter.in} ${parameter.name}`),
  ).toEqual(
    expect.arrayContaining(["query topic", "query type", "query last_event_id", "header Last-Event-ID"]),
  );
  expect(paths["/publish"]?.["post"]?.requestBody).toBeDefined();
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
