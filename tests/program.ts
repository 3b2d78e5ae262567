/** The environment without any of this process's own TIDINGS_ variables, and without colours. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TIDINGS_"));
  return { ...Object.fromEntries(inherited), NO_COLOR: "1" };
}

/** What a program that has ended leaves behind. */
export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Reads all that a program prints, to its end. */
export async function ended(child: Bun.Subprocess<"ignore" | Blob, "pipe", "pipe">): Promise<Ended> {
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output, errors };
}
