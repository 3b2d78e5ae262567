/** Resolves when the condition holds. The test's own time-out is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}
