/** How many files, and so connections, a process started from here may have open. */
export async function openFileLimit(): Promise<number> {
  const limit = (await Bun.$`/bin/sh -c "ulimit -n"`.quiet().text()).trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}
