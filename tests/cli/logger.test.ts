import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

const log = fileURLToPath(new URL("../../src/cli/logger.ts", import.meta.url));

/** What a logger writes to standard error when it is given these fields. */
async function written(fields: string): Promise<Record<string, unknown>> {
  const script = `import { createLogger } from ${JSON.stringify(log)}; createLogger("info").info(${fields}, "said")`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "inherit", "pipe"] });
  return JSON.parse(await new Response(child.stderr).text()) as Record<string, unknown>;
}

test("a line is JSON with its time, its level by name and its fields", async () => {
  const line = await written(`{ clients: 2 }`);
  expect(line).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    clients: 2,
    msg: "said",
  });
});

test("an error says what and where", async () => {
  const { error } = await written(`{ error: new TypeError("broken") }`);
  expect(error).toMatchObject({
    type: "TypeError",
    message: "broken",
    stack: expect.stringContaining("at "),
  });
});

test("an error has its own name, whatever its class is called in the executable", async () => {
  const { error } = await written(
    `{ error: new (class t0 extends Error { name = "StoreFailure" })("full") }`,
  );
  expect(error).toMatchObject({ type: "StoreFailure", message: "full" });
  expect((await written(`{ error: "a text" }`))["error"]).toBe("a text");
});

test("what is named like a secret is not written, wherever it stands", async () => {
  const line = await written(
    `{ token: "s3cret", key: "s3cret", request: { authorization: "s3cret", cookie: "s3cret" }, about: { ticket: "s3cret" } }`,
  );
  expect(JSON.stringify(line)).not.toContain("s3cret");
});
