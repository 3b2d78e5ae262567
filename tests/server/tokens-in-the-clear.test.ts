import { expect, test } from "bun:test";
import { type Logger, silent } from "../../src/logger.ts";
import { startConfigured } from "../configured.ts";

async function warningsOf(...flags: string[]): Promise<string[]> {
  const warnings: string[] = [];
  const warn: Logger["warn"] = (_, message) => warnings.push(message);
  await startConfigured(["--publish-key", "a-key-that-is-long", ...flags], {
    ...silent,
    warn,
  });
  return warnings;
}

test("the log says when keys and tokens would come over a network without TLS", async () => {
  const warning = "keys and tokens come in the clear";
  expect(await warningsOf("--host", "0.0.0.0")).toContain(warning);
  expect(await warningsOf()).not.toContain(warning);
  expect(await warningsOf("--host", "0.0.0.0", "--trust-proxy", "127.0.0.1")).not.toContain(warning);
});
