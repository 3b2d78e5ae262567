/** A macro: its result is in the program when that is bundled, as the executable is. */
export function manualText(): string {
  const command = [process.execPath, `${import.meta.dir}/render.ts`];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) {
    // The bundler does not show what a macro throws.
    console.error(stderr.toString());
    throw new Error("the manual can't be rendered");
  }
  return stdout.toString();
}
