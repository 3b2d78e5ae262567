import { expect, test } from "bun:test";
import { originMatcher } from "../../../src/http/access/origins.ts";

const cases: [origins: string[], origin: string, allowed: boolean][] = [
  [["https://a.example"], "https://a.example", true],
  [["https://a.example"], "http://a.example", false],
  [["https://a.example"], "https://b.a.example", false],
  [["*"], "https://a.example", true],
  [["https://*.example.org"], "https://a.example.org", true],
  [["https://*.example.org"], "https://a.b.example.org", true],
  [["https://*.example.org"], "https://example.org", false],
  [["https://*.example.org"], "https://evilexample.org", false],
  [["https://*.example.org"], "http://a.example.org", false],
  [["https://*.example.org"], "https://a.example.org:8443", false],
  [["https://*.example.org"], "https://a.example.org.evil.test", false],
  [["https://*.example.org"], "https://evil.test/.example.org", false],
  [["https://*.example.org"], "https://.example.org", false],
  [["https://*.example.org:8443"], "https://a.example.org:8443", true],
  [[], "https://a.example", false],
];

test.each(cases)("of %p, %s: %p", (origins, origin, allowed) => {
  expect(originMatcher(origins)(origin)).toBe(allowed);
});
