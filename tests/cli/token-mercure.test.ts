import { expect, test } from "bun:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { AUDIENCE, ISSUER, SECRET, startMercure } from "../mercure/mercure-hub.ts";
import { run } from "./tidings.ts";

const tidings = (...args: string[]) => run(["token", ...args], { env: { TIDINGS_JWT_KEY: SECRET } });
const WHOSE = ["--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE];

test("token --mercure signs an access token that the hub takes, and explains it", async () => {
  const { publish } = await startMercure();
  const topics = ["--publish", "urlpattern:https://e.com/books/:id", "--subscribe", "plain"];
  const { code, output } = await tidings("--mercure", ...WHOSE, ...topics);
  expect(code).toBe(0);
  const token = output.trim();
  expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "at+jwt" });
  const claims = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
  expect(Object.keys(decodeJwt(token))).toEqual(expect.arrayContaining(claims));
  expect((await publish("topic=https://e.com/books/1", token)).status).toBe(200);
  expect((await publish("topic=plain", token)).status).toBe(403);
  const explained = (await tidings("--inspect", token, ...WHOSE)).output;
  expect(explained).toMatch(/^Mercure +version 1$/m);
  expect(explained).toMatch(/^publishes +updates on https:\/\/e\.com\/books\/:id$/m);
  expect(explained).toMatch(/^reads +public updates, and private ones on plain$/m);
  expect(explained).not.toContain("no claim tidings");
});

test("token --mercure-compat signs the claim mercure", async () => {
  const { publish } = await startMercure("--mercure-compat");
  const { output } = await tidings("--mercure-compat", ...WHOSE, "--publish", "https://e.com/{id}");
  expect(decodeJwt(output)["mercure"]).toEqual({ publish: ["https://e.com/{id}"], subscribe: [] });
  expect((await publish("topic=https://e.com/1", output.trim())).status).toBe(200);
  expect((await tidings("--inspect", output.trim())).output).toMatch(/^Mercure +version 0\.x/m);
});

test("token says what a Mercure token lacks", async () => {
  const refused = async (...args: string[]) => (await tidings(...args, "--publish", "*")).errors;
  expect(await refused("--mercure")).toContain("--jwt-issuer and --jwt-audience");
  expect(await refused("--mercure", ...WHOSE, "--expires", "0")).toContain("expires");
  expect(await refused("--mercure", "--mercure-compat", ...WHOSE)).toContain("one of");
  expect(await refused("--mercure", ...WHOSE, "--type", "x")).toContain("--type");
  expect(await refused("--mercure", ...WHOSE, "--subscribe", "urlpattern:(")).toContain("no URL pattern");
});
