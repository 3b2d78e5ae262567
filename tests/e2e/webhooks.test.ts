import { expect, test } from "bun:test";
import { join } from "node:path";
import { sign } from "@octokit/webhooks-methods";
import { emptyFolder } from "../folder.ts";
import { problemOf } from "../http/problem.ts";
import { Reader } from "../http/reader.ts";
import { runBinary, serveBinary } from "./binary.ts";

const BODY = JSON.stringify({ ref: "refs/heads/main" });

async function push(url: string, secret: string, delivery: string): Promise<Response> {
  return fetch(`${url}/webhooks/github`, {
    method: "POST",
    body: BODY,
    headers: {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-github-delivery": delivery,
      "x-hub-signature-256": await sign(secret, BODY),
    },
  });
}

function write(path: string, secret: string): Promise<number> {
  const settings = { scheme: "github", secret, type: "github-{event}", topic: "deploys" };
  return Bun.write(path, JSON.stringify(settings));
}

test("a delivery reaches a reader; a new secret is taken up, also by workers; a key is not asked for", async () => {
  const folder = emptyFolder();
  const file = join(folder, "github.json");
  await write(file, "first-secret");
  const flags = ["--publish-key", "a-key-that-is-long-enough", "--webhook", `github=${file}`];
  for (const workers of ["1", "2"]) {
    await write(file, "first-secret");
    const hub = await serveBinary(folder, ...flags, "--workers", workers);
    const reader = await Reader.open(`${hub.url}/events?topic=deploys`);
    await reader.next();
    expect((await push(hub.url, "first-secret", "one")).status).toBe(200);
    expect(await reader.take(1)).toEqual([["github-push", JSON.parse(BODY)]]);
    await problemOf(await push(hub.url, "second-secret", "two"), 403);
    await write(file, "second-secret");
    for (let i = 0; i < Number(workers); i++) await hub.logged("webhooks loaded again");
    expect((await push(hub.url, "second-secret", "two")).status).toBe(200);
    await problemOf(await push(hub.url, "first-secret", "three"), 403);
    hub.kill("SIGTERM");
    expect(await hub.exited).toBe(0);
  }
});

test("a webhook that can't be used ends the start in one line, without its secret", async () => {
  const folder = emptyFolder();
  const file = join(folder, "bad.json");
  for (const [text, reason] of [
    ['{"secret":"do-not-show"', "it is not JSON"],
    ['{"scheme":"standard","type":"a","secret":"do-not-show"}', "whsec_"],
    ['{"scheme":"github","secret":"do-not-show"}', "/type: missing"],
  ] as const) {
    await Bun.write(file, text);
    const { code, errors: err } = await runBinary(folder, "serve", "--port", "0", "--webhook", `x=${file}`);
    expect([code, err.trim().split("\n").length]).toEqual([2, 1]);
    expect(err).toContain(reason);
    expect(err).not.toContain("do-not-show");
  }
  const missing = await runBinary(folder, "serve", "--webhook", "x=none.json");
  expect([missing.code, missing.errors]).toEqual([2, expect.stringContaining("there is no such file")]);
  for (const flag of ["github", "a b=c.json", "=c.json"]) {
    expect((await runBinary(folder, "serve", "--webhook", flag)).code).toBe(2);
  }
});
