import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BuildConfig } from "bun";

// Packages are not compiled by those who install them: Node and most bundlers refuse TypeScript
// there. So the library is packed as JavaScript with declarations beside it, while in this
// repository `tidings` and `tidings/sdk` are the sources (tsconfig.json, paths).

const home = "dist/library";

async function bundle(config: BuildConfig): Promise<void> {
  await Bun.build({ root: "src", packages: "external", minify: { syntax: true }, ...config });
}

async function declare(project: string, outDir: string): Promise<void> {
  const options = "--noEmit false --declaration --emitDeclarationOnly --rewriteRelativeImportExtensions";
  const tsc = Bun.spawn(
    ["node_modules/.bin/tsc", "-p", project, "--rootDir", "src", "--outDir", outDir, ...options.split(" ")],
    // Standard output is the packer's, which may print JSON there.
    { stdio: ["ignore", 2, 2] },
  );
  if ((await tsc.exited) !== 0) throw new Error("the declarations could not be made");
}

/** What whoever imports the hub gets where there is no Bun. */
async function writeRefusal(folder: string): Promise<void> {
  const transpiler = new Bun.Transpiler({ loader: "js" });
  const { exports } = transpiler.scan(await Bun.file(join(folder, "index.js")).text());
  // An ES module that imports a name which is not there would be told of the name, and of nothing else.
  const names = exports.map((name) => `exports.${name} = undefined;`).join("\n");
  const message = "tidings: the hub needs Bun (https://bun.sh); here, import tidings/sdk instead";
  await Bun.write(join(folder, "needs-bun.cjs"), `${names}\nthrow new Error(${JSON.stringify(message)});\n`);
}

await mkdir("dist", { recursive: true });
// Made aside and moved into place, as two may be at it at once.
const aside = await mkdtemp(join("dist", ".library-"));
try {
  // The hub needs Bun; the rest runs anywhere.
  const anywhere = ["src/events/builtin.ts", "src/sdk/index.ts"];
  const commonJs = join(aside, "commonjs");
  await declare("tsconfig.library.json", aside);
  await declare("src/sdk", commonJs);
  await bundle({ entrypoints: ["src/index.ts"], outdir: aside, target: "bun" });
  await bundle({ entrypoints: anywhere, outdir: aside, target: "browser" });
  // What requires it, on a Node that can't require ES modules, gets the same once more.
  await bundle({ entrypoints: anywhere, outdir: commonJs, target: "browser", format: "cjs" });
  await Bun.write(join(commonJs, "package.json"), '{ "type": "commonjs" }\n');
  await writeRefusal(aside);
  await rm(home, { recursive: true, force: true });
  await rename(aside, home);
} finally {
  await rm(aside, { recursive: true, force: true });
}
