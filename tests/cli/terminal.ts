import { killAfterwards } from "../defer.ts";
import { cleanEnvironment } from "../program.ts";
import { until } from "../until.ts";

/** A program with a terminal for its input and output, as a person has it. */
export interface OnTerminal {
  /** Types the text. */
  type(text: string): void;
  /** Waits until the terminal shows the text after what was waited for before. */
  shows(text: string): Promise<void>;
  /** Waits for its end, and gives all that it has shown. */
  readonly ended: Promise<string>;
}

/** Starts a program on a terminal of its own, in a folder. It is killed after the test. */
export function startOnTerminal(
  command: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): OnTerminal {
  let shown = "";
  let seen = 0;
  const decoder = new TextDecoder();
  const child = Bun.spawn([...command], {
    ...(cwd !== undefined && { cwd }),
    terminal: {
      cols: 120,
      data(_, bytes) {
        shown += decoder.decode(bytes, { stream: true });
      },
    },
    // Not in CI, where nothing is drawn on a terminal.
    env: { ...cleanEnvironment(), CI: undefined, TERM: "xterm", ...env },
  });
  killAfterwards(child);
  return {
    type: (text) => void child.terminal?.write(text),
    async shows(text) {
      await until(() => shown.includes(text, seen));
      seen = shown.indexOf(text, seen) + text.length;
    },
    ended: child.exited.then(() => {
      child.terminal?.close();
      return shown;
    }),
  };
}
