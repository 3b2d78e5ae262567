import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Writes SHA256SUMS beside the files, for `sha256sum -c`. */
export async function writeChecksums(paths: readonly [string, ...string[]]): Promise<string> {
  const lines: string[] = [];
  for (const path of paths) lines.push(`${await sha256(path)}  ${basename(path)}\n`);
  const sums = join(dirname(paths[0]), "SHA256SUMS");
  await Bun.write(sums, lines.join(""));
  return sums;
}
