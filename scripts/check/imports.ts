import { dirname, resolve } from "node:path";

const transpilers = { ts: new Bun.Transpiler({ loader: "ts" }), tsx: new Bun.Transpiler({ loader: "tsx" }) };

/**
 * Finds the files of this project that some files import, themselves or through others.
 * Imports of types don't count.
 *
 * @returns Absolute paths, those of the given files among them.
 */
export async function importsOf(files: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set(files.map((file) => resolve(file)));
  // The loop also visits the paths that are added on the way.
  for (const path of found) {
    if (!/\.tsx?$/.test(path)) continue;
    const transpiler = transpilers[path.endsWith("x") ? "tsx" : "ts"];
    for (const { path: specifier } of transpiler.scanImports(await Bun.file(path).text())) {
      if (specifier.startsWith(".")) found.add(resolve(dirname(path), specifier));
    }
  }
  return found;
}
