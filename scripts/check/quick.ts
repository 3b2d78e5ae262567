import { staticChecks } from "./static.ts";

/** Runs a command and gives back its output when it fails; undefined when it passes. */
async function failureOf(command: readonly string[]): Promise<string | undefined> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return code === 0 ? undefined : output + errors;
}

await Promise.all(
  staticChecks.map(async ({ name, command }) => {
    const failure = await failureOf(command);
    if (failure === undefined) return;
    console.error(`==> ${name}\n${failure}`);
    process.exitCode = 1;
  }),
);
