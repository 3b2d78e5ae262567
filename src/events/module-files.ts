import { dirname, extname, isAbsolute, resolve } from "node:path";

type Loader = "js" | "jsx" | "ts" | "tsx";

const loaders: Readonly<Record<string, Loader>> = {
  ".js": "js",
  ".cjs": "js",
  ".mjs": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".cts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
};

/**
 * The files that a module consists of: itself, and its imports by path, and theirs. For a missing file it
 * gives the folder where the file should be. Packages are left out.
 */
export async function filesOf(entry: string): Promise<readonly string[]> {
  const files = new Set([entry]);
  // The set grows during the loop.
  for (const file of files) {
    for (const path of await importsOf(file)) {
      if (!path.startsWith(".") && !isAbsolute(path)) continue;
      files.add(resolveFile(path, dirname(file)));
    }
  }
  return [...files];
}

async function importsOf(file: string): Promise<readonly string[]> {
  const loader = loaders[extname(file)];
  if (!loader) return [];
  try {
    const text = await Bun.file(file).text();
    return new Bun.Transpiler({ loader }).scanImports(text).map(({ path }) => path);
  } catch {
    // The file is missing or broken. Its import reports that.
    return [];
  }
}

function resolveFile(path: string, folder: string): string {
  try {
    return Bun.resolveSync(path, folder);
  } catch {
    return dirname(resolve(folder, path));
  }
}
