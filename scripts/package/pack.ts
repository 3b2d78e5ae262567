import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** The library as a package, which `tidings init` writes beside the script that uses it. */
export const packed = "dist/package.tgz";

/** Builds the library and packs it, as `npm pack` would. */
export async function packLibrary(): Promise<void> {
  await mkdir("dist", { recursive: true });
  // Made aside and moved into place: whoever reads the last one meets a whole file.
  const aside = await mkdtemp(join("dist", ".package-"));
  try {
    const path = join(aside, "package.tgz");
    const pack = Bun.spawn([process.execPath, "pm", "pack", "--quiet", "--filename", path], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if ((await pack.exited) !== 0) throw new Error("the library could not be packed");
    await rename(path, packed);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
