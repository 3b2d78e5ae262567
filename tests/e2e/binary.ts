import { fileURLToPath } from "node:url";
import { readLines } from "../../src/cli/event-line.ts";
import { killAfterwards } from "../defer.ts";
import { cleanEnvironment, ended } from "../program.ts";

/** A file or folder that `scripts/build` makes. `scripts/test` builds for the tests that import this module. */
const built = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

export const binary = built("tidings");
export const library = built("library");
/** The package as npm would publish it. */
export const tarball = built("package.tgz");

/** Runs the executable to its end. */
export function runBinary(folder: string, ...args: string[]) {
  return runBinaryWith({}, folder, ...args);
}

/** Runs the executable to its end, with these environment variables. */
export async function runBinaryWith(env: Record<string, string>, folder: string, ...args: string[]) {
  const child = Bun.spawn([binary, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(), ...env },
  });
  killAfterwards(child);
  return ended(child);
}

/** A line of the hub's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Starts `tidings serve` in a folder, on a free port. It is killed after the test. */
export function serveBinary(folder: string, ...args: string[]) {
  return serveBinaryWith({}, folder, "--port", "0", ...args);
}

/** Starts `tidings serve` with these environment variables. It is killed after the test. */
export function serveBinaryWith(env: Record<string, string>, folder: string, ...args: string[]) {
  return serveProgram([binary], { env, folder, args });
}

/** A hub to start. */
export interface ServeOptions {
  readonly folder: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
}

/** Starts a program with the command `serve`. It is killed after the test. */
export async function serveProgram(program: readonly string[], { env = {}, folder, args }: ServeOptions) {
  const child = Bun.spawn([...program, "serve", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(), ...env },
  });
  killAfterwards(child);
  const lines = readLines(child.stderr);
  /** The next line of the log with this message. */
  const logged = async (message: string): Promise<LogLine> => {
    for (;;) {
      const { done, value } = await lines.next();
      if (done) throw new Error(`the hub ended without saying ${JSON.stringify(message)}`);
      const line: LogLine = JSON.parse(value);
      if (line.msg === message) return line;
    }
  };
  /** What is left of the log, to the end of the process. */
  const rest = async (): Promise<readonly LogLine[]> =>
    (await Array.fromAsync(lines)).map((line): LogLine => JSON.parse(line));
  const { url } = await logged("listening");
  return {
    url: String(url),
    pid: child.pid,
    logged,
    rest,
    /** What it prints, to the end of the process. */
    output: new Response(child.stdout).text(),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    exited: child.exited,
  };
}
