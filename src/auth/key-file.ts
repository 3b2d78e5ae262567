import { readFileSync } from "node:fs";
import { ConfigError } from "../config-error.ts";

/**
 * What is in the file that a flag names.
 *
 * @throws ConfigError when it can't be read.
 */
export function readKeyFile(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "ENOENT" ? "there is no such file" : String(code ?? error);
    throw new ConfigError(`can't read ${flag} ${file}: ${reason}`);
  }
}
