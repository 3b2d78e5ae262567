import { readFileSync } from "node:fs";
import { unreadable } from "./config-error.ts";

/**
 * What is in the file that a flag names.
 *
 * @throws ConfigError when it can't be read.
 */
export function readKeyFile(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw unreadable(flag, file, error);
  }
}
