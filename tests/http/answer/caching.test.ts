import { expect, test } from "bun:test";
import { startConfigured } from "../../configured.ts";
import { ADMIN_KEY, startKeyedHub } from "../keyed-hub.ts";

test("each answer to be read says whether a cache may keep it", async () => {
  const { url } = startKeyedHub();
  const get = async (path: string) => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const answer = await fetch(url + path, { headers, signal: stop.signal });
    stop.abort();
    return answer;
  };
  const described = (await (await fetch(`${url}/openapi/json`)).json()) as { paths: Record<string, object> };
  const paths = Object.entries(described.paths)
    .filter(([path, methods]) => "get" in methods && !path.includes("{"))
    .map(([path]) => path);
  expect(paths.length).toBeGreaterThan(10);
  for (const path of paths) {
    const said = (await get(path)).headers.get("cache-control");
    expect([path, said]).toEqual([path, path === "/events" ? "no-cache, no-transform" : "no-store"]);
  }
  for (const refused of ["/history?after=nothing", "/status?colour=red", "/.well-known/mercure"]) {
    const answer = await get(refused);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect([refused, answer.headers.get("cache-control")]).toEqual([refused, "no-store"]);
  }
});

test("what pages of other origins are sent varies by their origin, in a cache too", async () => {
  const { url } = await startConfigured(["--cors-origin", "https://app.example.org"]);
  for (const path of ["/sdk.js", "/status", "/history", "/events"]) {
    for (const headers of [{}, { origin: "https://app.example.org" }]) {
      const stop = new AbortController();
      const answer = await fetch(url + path, { headers, signal: stop.signal });
      stop.abort();
      expect([path, answer.headers.get("vary")?.toLowerCase()]).toEqual([
        path,
        expect.stringContaining("origin"),
      ]);
    }
  }
});
