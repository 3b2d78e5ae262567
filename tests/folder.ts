import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defer } from "./defer.ts";

/** An empty folder, removed after the test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tidings-test-"));
  defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
