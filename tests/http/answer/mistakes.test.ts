import { expect, test } from "bun:test";
import { startHub } from "../../hub.ts";
import { PUBLISH_KEY, startKeyedHub } from "../keyed-hub.ts";

// The mistakes of those who try the hub for the first time, and what they are told.

const JSON_TYPE = { "content-type": "application/json" };

async function detailOf(url: string, init: RequestInit = {}): Promise<string> {
  const { status, detail } = (await (await fetch(url, init)).json()) as { status: number; detail: string };
  return `${status} ${detail}`;
}

const post = (url: string, body: string, headers: Record<string, string> = JSON_TYPE) =>
  detailOf(url, { method: "POST", body, headers });

test.each([
  ["/event", "/events"],
  ["/api/publish", "/publish"],
  ["/health", "/healthz"],
  ["/Events/", "/events"],
])("%s is answered by the path that was meant", async (path, meant) => {
  const { url } = startHub();
  expect(await detailOf(url + path)).toBe(`404 there is nothing at ${path}; did you mean ${meant}?`);
});

test("a path like none of the hub's, or a name of one letter, is answered without a guess", async () => {
  const { url } = startHub();
  expect(await post(`${url}/publish`, '{"type":"a","data":1,"x":1}')).toStartWith(
    "422 /x: unknown; known are ",
  );
  expect(await detailOf(`${url}/wp-login.php`)).toBe("404 there is nothing at /wp-login.php");
});

test.each([
  [
    "{type:greeting}",
    "400 the body is not JSON: JSON Parse error: Expected '}'; names and texts need double quotes, and a shell needs '…' around all of it",
  ],
  [
    '[{"type":"a","data":1}]',
    "422 The body: Expected object; an array of events goes to the route publish/batch",
  ],
  ['{"type":"a","data":1,"topci":"b"}', "422 /topci: unknown; did you mean topics?"],
  [
    '{"event":"a","data":1}',
    "422 /type: missing; /event: unknown; known are type, data, topics, topic, id, retry, private, retain, end",
  ],
  [
    '{"type":"health-update","data":{}}',
    "422 /data/overall_status: missing; /data/healthy_count: missing; /data/total_services: missing; and 2 more",
  ],
])("%s is told what to change", async (body, detail) => {
  const { url } = startHub();
  expect(await post(`${url}/publish`, body)).toBe(detail);
});

test("a body that is not declared as JSON is told how to declare it", async () => {
  const { url } = startHub();
  const form = { "content-type": "application/x-www-form-urlencoded" };
  expect(await post(`${url}/publish`, '{"type":"a","data":1}', form)).toBe(
    "415 the body is declared as application/x-www-form-urlencoded: send it with content-type: application/json",
  );
  expect(await detailOf(`${url}/publish`, { method: "POST", body: new Uint8Array(1) })).toBe(
    "415 the body is not declared: send it with content-type: application/json",
  );
});

test.each(["access_token", "token", "authorization", "jwt"])(
  "a token in the query is told where tokens go: %s",
  async (name) => {
    const { url } = startHub();
    expect(await detailOf(`${url}/events?${name}=secret`)).toMatch(
      /^400 a token in the address is not taken: /,
    );
  },
);

test.each([PUBLISH_KEY, "Bearer"])(
  "a header without Bearer and a key is told what it lacks: %s",
  async (header) => {
    const { url } = startKeyedHub();
    const headers = { ...JSON_TYPE, authorization: header };
    expect(await post(`${url}/publish`, '{"type":"a","data":1}', headers)).toBe(
      "401 Authorization needs the word Bearer, a space and the key or token",
    );
  },
);
