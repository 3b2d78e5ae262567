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

await mkdir("dist", { recursive: true });
// Made aside and moved into place, as two may be at it at once.
const aside = await mkdtemp(join("dist", ".library-"));
try {
  const types = Bun.spawn(
    ["node_modules/.bin/tsc", "--project", "tsconfig.library.json", "--outDir", aside],
    // Standard output is the packer's, which may print JSON there.
    { stdio: ["ignore", 2, 2] },
  );
  if ((await types.exited) !== 0) throw new Error("the declarations could not be made");
  // The hub needs Bun; the SDK runs anywhere.
  await bundle({ entrypoints: ["src/index.ts"], outdir: aside, target: "bun" });
  await bundle({ entrypoints: ["src/sdk/index.ts"], outdir: aside, target: "browser" });
  await rm(home, { recursive: true, force: true });
  await rename(aside, home);
} finally {
  await rm(aside, { recursive: true, force: true });
}
