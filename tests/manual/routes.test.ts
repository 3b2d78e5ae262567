import { expect, test } from "bun:test";
import { createApp } from "../../src/app.ts";
import { Broker } from "../../src/broker/broker.ts";
import { flagRemedies } from "../../src/config/remedies.ts";
import { openAccess } from "../../src/http/access/access.ts";
import { silent } from "../../src/logger.ts";
import { pageNames } from "../../src/manual/pages.ts";

const app = createApp({ remedies: flagRemedies, broker: new Broker(), logger: silent, access: openAccess });
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }));

test("the manual begins with its first page, below any path", async () => {
  for (const [path, location] of [
    ["/manual", "manual/start"],
    ["/manual/", "start"],
  ] as const) {
    const { status, headers } = await get(path);
    expect([status, headers.get("location")]).toEqual([302, location]);
  }
});

test("each page has the console's policy, nothing inline, and links that lead somewhere", async () => {
  const linked = new Set<string>();
  const policy = (await get("/")).headers.get("content-security-policy");
  for (const name of pageNames) {
    const page = await get(`/manual/${name}`);
    expect([name, page.status, page.headers.get("content-type")]).toEqual([
      name,
      200,
      "text/html;charset=utf-8",
    ]);
    expect(page.headers.get("content-security-policy")).toBe(policy);
    const html = await page.text();
    expect(html).not.toMatch(/<style|<[^>]+\s(?:style|on\w+)=|<script(?![^>]*\ssrc=)/);
    for (const [, link = ""] of html.matchAll(/(?:href|src|data-index)="(?![a-z]+:|#)([^"#]+)/g)) {
      linked.add(new URL(link, `http://localhost/manual/${name}`).pathname);
    }
  }
  for (const path of linked) expect([path, (await get(path)).status]).toEqual([path, 200]);
});

test("a browser asks again for a page, and never again for what has a hash in its name", async () => {
  const page = await get("/manual/start");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const again = await get("/manual/start", { "if-none-match": page.headers.get("etag") ?? "" });
  expect(again.status).toBe(304);
  const script = /src="(files\/manual-\w+\.js)"/.exec(await page.text())?.[1];
  expect((await get(`/manual/${script}`)).headers.get("cache-control")).toContain("immutable");
});

test("a page that is not there is a problem", async () => {
  const { status, headers } = await get("/manual/nonsense");
  expect([status, headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});
