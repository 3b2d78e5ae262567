import { killAfterwards } from "../defer.ts";
import { binary } from "../e2e/binary.ts";
import { cleanEnvironment, type Ended, ended } from "../program.ts";

/** The command line as a program that runs it sees it. */
export interface Running {
  /** Waits for its next line of output; undefined at the end. */
  line(): Promise<string | undefined>;
  /** Waits for its next line on standard error; undefined at the end. */
  errorLine(): Promise<string | undefined>;
  write(text: string): void;
  endInput(): void;
  /** Stops reading its output, as `head` does. */
  closeOutput(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/** Starts `tidings …`, without any of this process's own TIDINGS_ variables. */
export function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = Bun.spawn([binary, ...args], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: environment(env),
  });
  killAfterwards(child);
  const output = new Lines(child.stdout);
  const errors = new Lines(child.stderr);
  return {
    line: () => output.next(),
    errorLine: () => errors.next(),
    write(text) {
      child.stdin.write(text);
      child.stdin.flush();
    },
    endInput: () => void child.stdin.end(),
    closeOutput: () => output.close(),
    kill: (signal) => child.kill(signal),
    exited: child.exited,
  };
}

/** Runs `tidings …` to its end. */
export async function run(
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const child = Bun.spawn([binary, ...args], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    env: environment(env),
  });
  killAfterwards(child);
  return ended(child);
}

/** Not in CI, where nothing is drawn on a terminal. */
function environment(own: Record<string, string>): Record<string, string | undefined> {
  return { ...cleanEnvironment(), CI: undefined, ...own };
}

/** A stream's lines, one at a time. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) return this.#rest || undefined;
      this.#rest += this.#decoder.decode(value, { stream: true });
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}
