import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const license = fileURLToPath(new URL("../../LICENSE", import.meta.url));

/**
 * Packs an executable as `tidings`, with the licence, into a .tar.xz beside it. Resolves to the archive's path.
 * Needs tar and xz; throws what tar says when it fails.
 */
export async function archive(executable: string): Promise<string> {
  const extension = extname(executable) === ".exe" ? ".exe" : "";
  const packed = `${executable.slice(0, executable.length - extension.length)}.tar.xz`;
  const folder = await mkdtemp(join(tmpdir(), `${basename(packed)}-`));
  try {
    const program = `tidings${extension}`;
    await copyFile(executable, join(folder, program));
    await chmod(join(folder, program), 0o755);
    await copyFile(license, join(folder, "LICENSE"));
    const tar = Bun.spawn(["tar", "-cJf", packed, "-C", folder, program, "LICENSE"], {
      stdio: ["ignore", "ignore", "pipe"],
      // On every core: one alone takes a minute for each executable.
      env: { ...process.env, XZ_OPT: "-T0" },
    });
    const [errors, code] = await Promise.all([new Response(tar.stderr).text(), tar.exited]);
    if (code !== 0) throw new Error(`tar ended with ${code}: ${errors.trim()}`);
    return packed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
