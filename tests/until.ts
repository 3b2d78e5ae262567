import { afterEach } from "bun:test";

// Loaded before any file of tests, as defer.ts is (bunfig.toml).

/** The conditions that the test waits for now, in words. */
const waits = new Set<{ readonly condition: string }>();
afterEach(() => {
  const conditions = [...waits].map(({ condition }) => condition);
  waits.clear();
  // The test has reached its time-out, or has forgotten an `await`.
  if (conditions.length > 0) throw new Error(`still waiting until ${conditions.join(", and until ")}`);
});

/** The condition's source, and the line that waits for it: "a === b (tests/some.test.ts:12)". */
function describe(condition: () => unknown): string {
  const source = String(condition)
    .replace(/^(async\s+)?(\(\)\s*=>\s*)?/, "")
    .replace(/\s+/g, " ");
  const lines = new Error().stack?.matchAll(/\((?:.*\/)?(?!until\.ts)([^/]+:\d+):\d+\)$/gm);
  return `${source} (${lines?.next().value?.[1]})`;
}

/**
 * Asks again and again until the condition gives something true, and resolves with that. The limit is
 * the test's own time-out: then the test fails with the condition and the line that waits for it.
 */
export async function until<T>(condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const wait = { condition: describe(condition) };
  waits.add(wait);
  try {
    for (;;) {
      const value = await condition();
      if (value) return value;
      await Bun.sleep(1);
      // The test is over, and its failure is told.
      if (!waits.has(wait)) await new Promise(() => {});
    }
  } finally {
    waits.delete(wait);
  }
}
