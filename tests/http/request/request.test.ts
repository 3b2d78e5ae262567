import { expect, test } from "bun:test";
import { requestUrl } from "../../../src/http/request/request.ts";

test("there is a URL for every request, whatever its Host", () => {
  const cases: [url: string, expected: string][] = [
    ["http://hub.example.org:8080/events?topic=a", "http://hub.example.org:8080/events?topic=a"],
    ["/events?topic=a", "http://localhost/events?topic=a"],
    ["//events", "http://localhost//events"],
    ["*", "http://localhost/*"],
    ["http://loc:alhost/events?topic=a", "http://localhost/events?topic=a"],
    ["http://a b//c:d:e", "http://localhost//c:d:e"],
    ["http://loc:alhost", "http://localhost/"],
  ];
  for (const [url, expected] of cases) expect(requestUrl({ url } as Request).href).toBe(expected);
});
