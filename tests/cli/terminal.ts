import { killAfterwards } from "../defer.ts";
import { until } from "../until.ts";

/** A program with a terminal for its input and output, as a person has it. */
export interface OnTerminal {
  /** Types the text. */
  type(text: string): void;
  /** Waits until the terminal shows the text after what was waited for before. */
  shows(text: string): Promise<void>;
  /** All that it has shown. */
  readonly shown: () => string;
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program on a terminal of its own, in a folder. It is killed after the test. */
export function startOnTerminal(
  command: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): OnTerminal {
  let shown = "";
  let seen = 0;
  const decoder = new TextDecoder();
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("TIDINGS_") && name !== "CI",
  );
  const child = Bun.spawn([...command], {
    ...(cwd !== undefined && { cwd }),
    terminal: {
      cols: 120,
      data(_, bytes) {
        shown += decoder.decode(bytes, { stream: true });
      },
    },
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", TERM: "xterm", ...env },
  });
  killAfterwards(child);
  return {
    type: (text) => void child.terminal?.write(text),
    async shows(text) {
      await until(() => shown.includes(text, seen));
      seen = shown.indexOf(text, seen) + text.length;
    },
    shown: () => shown,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
  };
}
