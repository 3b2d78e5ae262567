import { expect, test } from "bun:test";
import { type Logger, silent } from "../../src/logger.ts";
import { startConfigured } from "../configured.ts";

test("the log names the flag for each origin whose page was refused, once", async () => {
  const warnings: object[] = [];
  const warn: Logger["warn"] = (fields, message) => {
    if ("origin" in fields) warnings.push({ ...fields, message });
  };
  const logger = { ...silent, warn };
  const { url } = await startConfigured(["--cors-origin", "https://*.example.org"], logger);
  const status = async (origin: string) => (await fetch(`${url}/status`, { headers: { origin } })).status;
  expect(await status("https://app.example.org")).toBe(200);
  for (const origin of ["https://example.org", "https://example.org", "null", "no origin; rm -rf"]) {
    expect(await status(origin)).toBe(403);
  }
  const message = "a page was refused for its origin";
  expect(warnings).toEqual([
    { message, origin: "https://example.org", remedy: "--cors-origin https://example.org" },
    {
      message,
      origin: "null",
      remedy: "serve the page over http: a file, or a frame in a sandbox, has no origin",
    },
    { message, origin: "no origin; rm -rf", remedy: undefined },
  ]);
});

test("origins that are made up fill neither the log nor the memory", async () => {
  let warnings = 0;
  const { url } = await startConfigured([], {
    ...silent,
    warn: (fields) => {
      if ("origin" in fields) warnings++;
    },
  });
  for (let n = 0; n < 150; n++) {
    await fetch(`${url}/status`, { headers: { origin: `https://${n}.example` } });
  }
  expect(warnings).toBeLessThanOrEqual(100);
});

test("a page of an allowed subdomain may read the answers", async () => {
  const { url } = await startConfigured(["--cors-origin", "https://*.example.org"]);
  const origin = "https://app.example.org";
  const preflight = await fetch(`${url}/publish`, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST" },
  });
  expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("datastar-request");
  const answer = await fetch(`${url}/status`, { headers: { origin } });
  expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  expect(answer.headers.get("vary")).toBe("Origin");
});
