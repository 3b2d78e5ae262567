import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** A program that tests need, and the package of Debian's that holds it. */
interface Program {
  readonly name: string;
  readonly package: string;
  /** Where it is in the package. */
  readonly path: string;
  /** What makes it tell its version. */
  readonly version: string;
}

/** The proxies to test behind. */
export const proxies: readonly Program[] = [
  { name: "nginx", package: "nginx", path: "usr/sbin/nginx", version: "-v" },
  { name: "caddy", package: "caddy", path: "usr/bin/caddy", version: "version" },
];

/** What checks rules and expressions for Prometheus. */
export const promtool: readonly Program[] = [
  { name: "promtool", package: "prometheus", path: "usr/bin/promtool", version: "--version" },
];

/** Where packages are unpacked: one that is installed would start a server. */
const folder = resolve(".tools/debian");

async function download(name: string, into: string): Promise<boolean> {
  if (await succeeds(["apt-get", "download", name], { cwd: into })) return true;
  // A fresh machine knows of no packages yet, and only root may ask.
  if (process.getuid?.() !== 0 || !(await succeeds(["apt-get", "update"]))) return false;
  return succeeds(["apt-get", "download", name], { cwd: into });
}

async function unpack(name: string): Promise<void> {
  const aside = join(folder, `${name}.download`);
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  if (await download(name, aside)) {
    const [file] = await readdir(aside);
    if (file !== undefined) await succeeds(["dpkg-deb", "-x", file, folder], { cwd: aside });
  }
  await rm(aside, { recursive: true });
}

async function find({ name, package: packageName, path, version }: Program): Promise<string | null> {
  const installed = Bun.which(name, { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (installed) return installed;
  const unpacked = join(folder, path);
  if (!(await Bun.file(unpacked).exists()) && Bun.which("apt-get")) await unpack(packageName);
  // It may lack a library here.
  return (await Bun.file(unpacked).exists()) && (await succeeds([unpacked, version])) ? unpacked : null;
}

/**
 * Sees to it that the tests that follow have the programs, and tells them in the environment: the
 * paths in TIDINGS_TEST_NGINX and the like, or TIDINGS_SKIP_NGINX=1. Counts as nothing unless it fails.
 */
export const programsStep = (
  name: string,
  programs: readonly Program[],
  { mayPassOver }: { mayPassOver: boolean },
): Step => ({
  name,
  async run(): Promise<Counts> {
    let counts = none;
    for (const program of programs) {
      const path = await find(program);
      const variable = program.name.toUpperCase();
      if (path) {
        console.log(path);
        // Not by its bare name: nginx takes NGINX to be about sockets it inherits.
        process.env[`TIDINGS_TEST_${variable}`] = path;
        continue;
      }
      console.log(`No ${program.name}, and none to be had with apt-get: THE TESTS WITH IT ARE SKIPPED.`);
      process.env[`TIDINGS_SKIP_${variable}`] = "1";
      if (!mayPassOver) counts = oneFailed;
    }
    return counts;
  },
});
