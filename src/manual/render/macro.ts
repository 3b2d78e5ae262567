/** A macro: its result is in the program when that is bundled, as the executable is. */
export function manualText(): string {
  const command = [process.execPath, `${import.meta.dir}/render.ts`];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`the manual can't be rendered: ${stderr.toString()}`);
  return stdout.toString();
}
