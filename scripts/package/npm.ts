import { chmod, copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packed } from "./pack.ts";
import { targets } from "./targets.ts";

// The packages on npm. `tidings` is the library, and a program that runs the executable of its platform. Each
// executable is a package of its own, `@tidings/<platform>`, of which npm installs only the one that fits.

/** Where the packages are written: publish `tidings.tgz` last, because it needs the others. */
export const npmFolder = "dist/npm";

const launcher = fileURLToPath(new URL("launch.cjs", import.meta.url));
const license = fileURLToPath(new URL("../../LICENSE", import.meta.url));

/** A platform's name as npm tells platforms apart. */
function conditions(platform: string) {
  const [os = "", cpu = "", libc] = platform.split("-");
  return {
    os: [os === "windows" ? "win32" : os],
    cpu: [cpu],
    ...(os === "linux" && { libc: [libc ?? "glibc"] }),
  };
}

async function pack(folder: string, to: string): Promise<string> {
  const command = [process.execPath, "pm", "pack", "--quiet", "--filename", resolve(to)];
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  if ((await child.exited) !== 0) throw new Error(`${to} could not be packed`);
  return to;
}

async function packExecutable(platform: string, executable: string, into: string, manifest: Manifest) {
  const folder = await mkdtemp(join(into, ".package-"));
  try {
    const file = platform.startsWith("windows-") ? "tidings.exe" : "tidings";
    await copyFile(executable, join(folder, file));
    await chmod(join(folder, file), 0o755);
    await copyFile(license, join(folder, "LICENSE"));
    const { version, license: terms, repository } = manifest;
    const name = `@tidings/${platform}`;
    const description = `The executable of tidings for ${platform}.`;
    const own = { name, version, description, license: terms, repository, ...conditions(platform) };
    await Bun.write(join(folder, "package.json"), JSON.stringify({ ...own, files: [file] }, null, 2));
    return await pack(folder, join(into, `tidings-${platform}.tgz`));
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Manifest = Readonly<Record<string, unknown>> & { readonly version: string };

/**
 * Packs the library with the launcher, and each executable.
 *
 * @param executables their paths, by platform
 */
export async function packForNpm(
  executables: ReadonlyMap<string, string>,
  { library = packed, into = npmFolder } = {},
): Promise<string[]> {
  await mkdir(into, { recursive: true });
  const folder = await mkdtemp(join(into, ".package-"));
  try {
    const untar = Bun.spawn(["tar", "-xzf", resolve(library), "-C", folder, "--strip-components=1"]);
    if ((await untar.exited) !== 0) throw new Error(`${library} could not be unpacked`);
    const manifestFile = Bun.file(join(folder, "package.json"));
    const { scripts: _, devDependencies: __, ...manifest }: Manifest = await manifestFile.json();
    const made: string[] = [];
    for (const [platform, executable] of executables) {
      made.push(await packExecutable(platform, executable, into, manifest as Manifest));
    }
    await copyFile(launcher, join(folder, "launch.cjs"));
    const { version, files } = manifest as Manifest;
    const optional = Array.from(targets.keys(), (platform) => [`@tidings/${platform}`, version]);
    const own = {
      ...manifest,
      bin: { tidings: "launch.cjs" },
      files: [...(Array.isArray(files) ? files : []), "launch.cjs"],
      optionalDependencies: Object.fromEntries(optional),
    };
    await Bun.write(join(folder, "package.json"), JSON.stringify(own, null, 2));
    return [...made, await pack(folder, join(into, "tidings.tgz"))];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The executables that have been built, by platform. */
async function builtExecutables(): Promise<Map<string, string>> {
  const files = new Set(await readdir("dist"));
  const built = new Map<string, string>();
  for (const platform of targets.keys()) {
    const file = `tidings-${platform}${platform.startsWith("windows-") ? ".exe" : ""}`;
    if (files.has(file)) built.set(platform, join("dist", file));
  }
  return built;
}

if (import.meta.main) {
  for (const path of await packForNpm(await builtExecutables())) console.log(path);
}
