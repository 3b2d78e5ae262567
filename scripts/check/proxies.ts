import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** The proxies to test behind, which Debian's packages of the same names hold. */
const proxies = [
  { name: "nginx", program: "usr/sbin/nginx", version: "-v" },
  { name: "caddy", program: "usr/bin/caddy", version: "version" },
];

/** Where they are unpacked: a package that is installed would start a server on port 80. */
const folder = resolve(".tools/proxies");

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

async function find({ name, program, version }: (typeof proxies)[number]): Promise<string | null> {
  const installed = Bun.which(name, { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (installed) return installed;
  const unpacked = join(folder, program);
  if (!(await Bun.file(unpacked).exists()) && Bun.which("apt-get")) await unpack(name);
  // It may lack a library here.
  return (await Bun.file(unpacked).exists()) && (await succeeds([unpacked, version])) ? unpacked : null;
}

/**
 * Sees to it that the tests that follow have real proxies, and tells them in the environment: the
 * paths in TIDINGS_TEST_NGINX and TIDINGS_TEST_CADDY, or TIDINGS_SKIP_NGINX=1 and the like. Counts as nothing unless it fails.
 */
export const proxiesStep = ({ mayPassOver }: { mayPassOver: boolean }): Step => ({
  name: "proxies",
  async run(): Promise<Counts> {
    let counts = none;
    for (const proxy of proxies) {
      const path = await find(proxy);
      const variable = proxy.name.toUpperCase();
      if (path) {
        console.log(path);
        // Not by its bare name: nginx takes NGINX to be about sockets it inherits.
        process.env[`TIDINGS_TEST_${variable}`] = path;
        continue;
      }
      console.log(`No ${proxy.name}, and none to be had with apt-get: THE TESTS BEHIND IT ARE SKIPPED.`);
      process.env[`TIDINGS_SKIP_${variable}`] = "1";
      if (!mayPassOver) counts = oneFailed;
    }
    return counts;
  },
});
