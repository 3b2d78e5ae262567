import { mkdir, symlink } from "node:fs/promises";
import { resolve } from "node:path";
import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** A file of its own: Debian's package redis-server would start a server on port 6379. */
const linked = resolve(".tools/redis/redis-server");
/** The program in Debian's package redis-tools is the server when it is called by that name. */
const program = "/usr/bin/redis-check-rdb";

async function install(): Promise<boolean> {
  const command = ["apt-get", "install", "--yes", "--no-install-recommends", "redis-tools"];
  if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return false;
  // A fresh machine knows of no packages yet.
  return (await succeeds(command)) || ((await succeeds(["apt-get", "update"])) && succeeds(command));
}

async function find(): Promise<string | null> {
  const installed = Bun.which("redis-server") ?? Bun.which("valkey-server");
  if (installed) return installed;
  if (!(await Bun.file(program).exists()) && !(await install())) return null;
  await mkdir(resolve(linked, ".."), { recursive: true });
  if (!(await Bun.file(linked).exists())) await symlink(program, linked);
  return (await succeeds([linked, "--version"])) ? linked : null;
}

/**
 * Sees to it that the tests that follow have a real Redis, and tells them its path in
 * TIDINGS_TEST_REDIS, unless that names one already, or several with a colon between. Counts as nothing unless it fails.
 */
export const redisStep = ({ mayPassOver }: { mayPassOver: boolean }): Step => ({
  name: "redis",
  async run(): Promise<Counts> {
    const path = process.env["TIDINGS_TEST_REDIS"] || (await find());
    if (path) {
      console.log(path);
      process.env["TIDINGS_TEST_REDIS"] = path;
      return none;
    }
    console.log("No redis-server, and none to be had with apt-get: THE TESTS WITH IT ARE SKIPPED.");
    return mayPassOver ? none : oneFailed;
  },
});
