import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { createApp } from "../../src/app.ts";
import { Broker } from "../../src/broker/broker.ts";
import { flagRemedies } from "../../src/config/remedies.ts";
import { openAccess } from "../../src/http/access/access.ts";
import { silent } from "../../src/logger.ts";
import { tidings } from "../../src/plugin.ts";

/** All that a browser fetches to show the page, in bytes on the wire. */
const MOST_BYTES = 80 * 1024;

const app = createApp({ remedies: flagRemedies, broker: new Broker(), logger: silent, access: openAccess });
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }));

/** The addresses that the page's links lead to, as they are written. */
async function linksOf(page: Response): Promise<string[]> {
  const links = (await page.text()).matchAll(/(?:href|src)="([^"]+)"/g);
  return Array.from(links, ([, link = ""]) => link);
}

test("the page may run its own script only, and be framed by nobody", async () => {
  const { status, headers } = await get("/");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/html;charset=utf-8");
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
});

test("the page asks for its files by relative links, which work below any path", async () => {
  const links = await linksOf(await get("/"));
  expect(links.length).toBeGreaterThanOrEqual(3);
  for (const link of links) expect(link).toMatch(/^console\/[\w-]+\.(js|css|svg)$/);
});

test("the page has nothing inline", async () => {
  const html = await (await get("/")).text();
  expect(html).not.toContain("<style");
  expect(html).not.toMatch(/\sstyle=|\son\w+=/);
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
});

test("the page and its files take less than 80 KiB, compressed", async () => {
  const compressed = { "accept-encoding": "gzip, br" };
  const links = await linksOf(await get("/"));
  const answers = await Promise.all(
    ["/", ...links.map((link) => `/${link}`)].map((path) => get(path, compressed)),
  );
  const sizes = await Promise.all(answers.map(async (answer) => (await answer.bytes()).length));
  for (const answer of answers) expect(answer.headers.get("content-encoding")).toBe("gzip");
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeLessThan(MOST_BYTES);
});

test("who does not take gzip is sent the same, plain", async () => {
  const plain = await get("/");
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(plain.headers.get("vary")).toBe("accept-encoding, origin");
  const gzip = await get("/", { "accept-encoding": "gzip;q=0.5" });
  expect(Bun.gunzipSync(await gzip.bytes())).toEqual(await plain.bytes());
  expect((await get("/", { "accept-encoding": "gzip;q=0, br" })).headers.get("content-encoding")).toBeNull();
});

test("the page is asked for each time and answered by 304; its files are kept for good", async () => {
  const page = await get("/");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const again = await get("/", { "if-none-match": page.headers.get("etag") ?? "" });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
  for (const link of await linksOf(page)) {
    const file = await get(`/${link}`);
    expect(file.status).toBe(200);
    expect(file.headers.get("cache-control")).toContain("immutable");
    expect(file.headers.get("x-content-type-options")).toBe("nosniff");
  }
});

test("a file that the page has not is a 404 problem", async () => {
  const missing = await get("/console/nothing.js");
  expect(missing.status).toBe(404);
  expect(missing.headers.get("content-type")).toBe("application/problem+json");
});

test("the plugin in somebody's application leaves GET / to them", async () => {
  const theirs = new Elysia().get("/", () => "my page").use(tidings({ broker: new Broker() }));
  expect(await (await theirs.handle(new Request("http://localhost/"))).text()).toBe("my page");
  expect((await theirs.handle(new Request("http://localhost/console/feed"))).status).toBe(404);
});
