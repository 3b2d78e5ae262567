/** A macro: its result is in the program when that is bundled, as the executable is. */
export function bundleSdk(): string {
  const entry = `${import.meta.dir}/../../sdk/index.ts`;
  const command = [process.execPath, "build", entry, "--target=browser", "--format=esm", "--minify"];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`the SDK can't be bundled: ${stderr.toString()}`);
  return stdout.toString();
}
