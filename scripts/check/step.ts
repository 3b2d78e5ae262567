/** What a step of the check found: counts, because the last line of the run adds them up. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Step {
  name: string;
  /** Streams what it does to the terminal. Throwing counts as one failure. */
  run(): Promise<Counts>;
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 };
export const onePassed: Counts = { ...none, passed: 1 };
export const oneFailed: Counts = { ...none, failed: 1 };

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function describe({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Runs a command that prints to the terminal. Whether it succeeded. */
export async function succeeds(command: readonly string[], { cwd = "." } = {}): Promise<boolean> {
  console.log(`$ ${command.join(" ")}`);
  const { exited } = Bun.spawn([...command], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
    // apt-get must not ask. The environment is named because steps add to it.
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return (await exited) === 0;
}

/** A step that is one command, and counts as one: it passed if the command did. */
export function commandStep(name: string, command: readonly string[]): Step {
  return { name, run: async () => ((await succeeds(command)) ? onePassed : oneFailed) };
}
