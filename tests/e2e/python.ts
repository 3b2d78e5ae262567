import { resolve } from "node:path";
import { cleanEnvironment, ended } from "../program.ts";

/** The folder of the programs that `scripts/test` installs for the tests that import this module. */
export const pythonFolder = resolve(process.env["TIDINGS_TEST_PYTHON"] ?? ".tools/python/bin");

export const pythonless = process.env["TIDINGS_SKIP_PYTHON"] === "1";

/** Runs one of the programs to its end. */
export function runPython(cwd: string, program: string, ...args: string[]) {
  const child = Bun.spawn([resolve(pythonFolder, program), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: cleanEnvironment(),
  });
  return ended(child);
}
