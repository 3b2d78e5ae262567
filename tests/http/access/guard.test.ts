import { describe, expect, test } from "bun:test";
import { type GuardOptions, guard } from "../../../src/http/access/guard.ts";
import { Problem } from "../../../src/http/answer/problem.ts";

const anyName: GuardOptions = {
  hosts: undefined,
  origins: [],
  remedies: { host: (name) => `not ${name}`, origin: (origin) => `not ${origin}` },
};

/** The status with which the guard refuses; undefined when it lets the request pass. */
function refusal(
  options: Partial<GuardOptions>,
  headers: Record<string, string>,
  init: { method?: string } = {},
): number | undefined {
  try {
    guard({ ...anyName, ...options })(new Request("http://127.0.0.1:3000/publish", { ...init, headers }));
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

describe("the name in Host", () => {
  const hosts = ["Hub.example.org"];

  test.each([
    "127.0.0.1:3000",
    "127.0.0.1",
    "localhost:3000",
    "LOCALHOST",
    "localhost.",
    "app.localhost:3000",
    "[::1]:3000",
    "192.168.1.20:3000",
    "hub.example.org",
    "HUB.example.org:8443",
    "hub.example.org.",
  ])("%s is the hub's", (host) => {
    expect(refusal({ hosts }, { host })).toBeUndefined();
  });

  test.each([
    "evil.example",
    "evil.example:3000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "hub.example.org.evil.example",
    "evil.hub.example.org",
    "[evil.example]",
    "",
  ])("%p is not", (host) => {
    expect(refusal({ hosts }, { host })).toBe(421);
  });

  test("may be any where no names are given, or *", () => {
    expect(refusal({}, { host: "hub.internal:3000" })).toBeUndefined();
    expect(refusal({ hosts: ["*"] }, { host: "hub.internal:3000" })).toBeUndefined();
  });

  test("is looked at in every request, whatever the one before had", () => {
    const check = guard({ ...anyName, hosts });
    const request = (host: string) => new Request("http://127.0.0.1/", { headers: { host } });
    check(request("localhost"));
    expect(() => check(request("evil.example"))).toThrow(Problem);
    expect(() => check(request("evil.example"))).toThrow(Problem);
    check(request("localhost"));
  });
});

describe("the page's origin", () => {
  const host = "127.0.0.1:3000";
  const options = {
    hosts: ["hub.example.org"],
    origins: ["https://app.example.org", "https://*.shop.example", "capacitor://localhost"],
  };

  test.each([
    "http://127.0.0.1:3000",
    "https://127.0.0.1:3000",
    "https://app.example.org",
    "https://hub.example.org",
    "https://eu.shop.example",
    "capacitor://localhost",
  ])("%s may use the hub", (origin) => {
    expect(refusal(options, { host, origin })).toBeUndefined();
  });

  test.each([
    "https://evil.example",
    "http://app.example.org",
    "https://app.example.org:8443",
    "https://app.example.org.evil.example",
    "http://127.0.0.1:5173",
    "http://localhost:3000",
    "https://hub.example.org:8443",
    "null",
    "",
    "toString",
  ])("%p may not", (origin) => {
    expect(refusal(options, { host, origin })).toBe(403);
    expect(refusal(options, { host, origin }, { method: "POST" })).toBe(403);
  });

  test("may be any with *", () => {
    expect(refusal({ hosts: [], origins: ["*"] }, { host, origin: "https://any.example" })).toBeUndefined();
    expect(refusal({ hosts: [], origins: ["*"] }, { host, origin: "null" })).toBeUndefined();
  });

  test("does not make up for a name that is not the hub's", () => {
    expect(refusal(options, { host: "evil.example", origin: "http://evil.example" })).toBe(421);
    expect(refusal(options, { host: "evil.example", origin: "https://app.example.org" })).toBe(421);
  });
});

test("an origin that is refused is told of, and an empty Host is named so", () => {
  const refused: string[] = [];
  const host = "127.0.0.1:3000";
  const options = { hosts: [], origins: [], refusedOrigin: (origin: string) => refused.push(origin) };
  refusal(options, { host, origin: "https://evil.example" });
  refusal(options, { host, origin: "http://127.0.0.1:3000" });
  expect(refused).toEqual(["https://evil.example"]);
  const check = guard({ ...anyName, hosts: [] });
  expect(() => check(new Request("http://127.0.0.1/", { headers: { host: "" } }))).toThrow("names no host");
});

describe("a browser that sends no Origin", () => {
  const host = "localhost:3000";
  const sent = (site: string, mode: string) => ({ host, "sec-fetch-site": site, "sec-fetch-mode": mode });

  test("may follow a link to the hub, and use what is the hub's own", () => {
    expect(refusal({}, sent("cross-site", "navigate"))).toBeUndefined();
    expect(refusal({}, sent("same-site", "navigate"))).toBeUndefined();
    expect(refusal({}, sent("same-origin", "cors"))).toBeUndefined();
    expect(refusal({}, sent("none", "navigate"))).toBeUndefined();
  });

  test("may not load it into another page as an image, a script or a form's target", () => {
    expect(refusal({}, sent("cross-site", "no-cors"))).toBe(403);
    expect(refusal({}, sent("same-site", "no-cors"))).toBe(403);
    expect(refusal({}, sent("cross-site", "navigate"), { method: "POST" })).toBe(403);
  });
});

test("programs that are no browsers pass", () => {
  expect(refusal({ hosts: [] }, { host: "127.0.0.1:3000" }, { method: "POST" })).toBeUndefined();
});
