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

/** A file with this content in a folder of its own, removed after the test. Resolves to its path. */
export async function newFile(name: string, content: string): Promise<string> {
  const path = join(emptyFolder(), name);
  await Bun.write(path, content);
  return path;
}
