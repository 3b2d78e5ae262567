import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Build } from "bun";
import { signMachO } from "./sign-mach-o.ts";

/** Compiles the program into one executable at `dist/<name>`; without a target, for this platform. */
export async function compile(name: string, target?: Build.CompileTarget): Promise<string> {
  await mkdir("dist", { recursive: true });
  // Made aside and moved into place: whoever runs the last one, or starts one now, meets a whole file.
  const aside = await mkdtemp(join("dist", ".build-"));
  try {
    await Bun.build({
      entrypoints: ["src/main.ts"],
      minify: true,
      // Bun would otherwise write "development" into the packages that ask.
      define: { "process.env.NODE_ENV": '"production"' },
      // Parsing is done here instead of at every start, which halves the time to the first line.
      // Bytecode alone would mean CommonJS, which has no top-level await.
      bytecode: true,
      format: "esm",
      // Kept compressed in the executable, so that stack traces name the source's files and lines.
      sourcemap: "inline",
      compile: {
        ...(target && { target }),
        outfile: join(aside, name),
        // The folder it is run in is a stranger's: no settings from there.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        // Only the resolver reads these: without, a user's module that the program imports at
        // run time could not import a package from its own node_modules.
        autoloadPackageJson: true,
      },
    });
    // Bun signs what it compiles for the other Macs alone.
    if (target === "bun-darwin-x64") {
      const file = join(aside, name);
      await writeFile(file, signMachO(await readFile(file), "tidings"));
    }
    const path = join("dist", name);
    await rename(join(aside, name), path);
    return path;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
