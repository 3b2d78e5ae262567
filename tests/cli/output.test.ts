import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { binary } from "../e2e/binary.ts";
import { cleanEnvironment } from "../program.ts";

test.skipIf(process.platform !== "linux")(
  "output that can't be written is told in one plain line",
  async () => {
    for (const command of [
      ["catalog"],
      ["completion", "bash"],
      ["token", "--jwt-key", "k".repeat(32), "--publish", "a"],
    ]) {
      const full = openSync("/dev/full", "w");
      const child = Bun.spawn([binary, ...command], {
        stdio: ["ignore", full, "pipe"],
        env: cleanEnvironment(),
      });
      const errors = await new Response(child.stderr).text();
      closeSync(full);
      expect([await child.exited, errors]).toEqual([
        1,
        "tidings: can't write to standard output: the disk is full\n",
      ]);
    }
  },
);
