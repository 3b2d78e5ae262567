import { dirname, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

/** The tests that a run is about. */
export interface Selection {
  /** The files, relative to the root. */
  readonly files: readonly string[];
  /** The slow files that the filters met only by their folder. */
  readonly slow: readonly string[];
  /** Without filters: every test and every check. */
  readonly isWhole: boolean;
  /** Options of `bun test`. */
  readonly options: readonly string[];
}

/** What the name of a suite ends in that takes more than some 5 s. */
export const SLOW = ".slow.test.ts";

/** Whether the filter says more than the folder: a slow file runs only then. */
function isNamed(path: string, filter: string): boolean {
  return path.lastIndexOf(filter) + filter.length > dirname(path).length + 1;
}

/**
 * Selects the files of tests whose path contains a filter, as `bun test` does.
 *
 * @throws TypeError on an option that it does not know.
 */
export function selectTests(args: readonly string[], root = "."): Selection {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { "test-name-pattern": { type: "string", short: "t" } },
  });
  const filters = positionals.map((filter) => relative(".", resolve(filter)));
  const pattern = values["test-name-pattern"];
  const files: string[] = [];
  const slow: string[] = [];
  for (const path of [...new Bun.Glob("tests/**/*.test.{ts,tsx}").scanSync(root)].sort()) {
    const matching = filters.filter((filter) => path.includes(filter));
    if (filters.length > 0 && matching.length === 0) continue;
    const isLeftOut =
      filters.length > 0 && path.endsWith(SLOW) && !matching.some((filter) => isNamed(path, filter));
    (isLeftOut ? slow : files).push(path);
  }
  return {
    files,
    slow,
    isWhole: filters.length === 0 && pattern === undefined,
    options: pattern === undefined ? [] : [`--test-name-pattern=${pattern}`],
  };
}
