import { expect, test } from "bun:test";
import { chmod, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { cleanEnvironment } from "../program.ts";
import { binary, runBinary, serveBinary } from "./binary.ts";
import { publish, readAll } from "./hub-client.ts";

test("a second hub on the same file says so in one line and ends with code 2", async () => {
  const folder = emptyFolder();
  await serveBinary(folder, "--store", "events.db");
  const { code, errors, output } = await runBinary(folder, "serve", "--port", "0", "--store", "events.db");
  expect([code, errors, output]).toEqual([2, "tidings: events.db is in use by another hub\n", ""]);
});

test("a file that is not a store, and one that is none at all, end it with code 2 and one line", async () => {
  const folder = emptyFolder();
  await writeFile(join(folder, "notes.db"), "Milk, bread, and a present for Ada.\n");
  for (const [store, line] of [
    ["notes.db", "tidings: notes.db is not a store of Tidings\n"],
    ["no/such/folder.db", "tidings: no/such/folder.db can't be made: there is no folder no/such\n"],
    ["events", /^tidings: .*Expected memory, a file whose name ends in \.db, or redis:\/\/HOST\.\n$/],
  ] as const) {
    const { code, errors } = await runBinary(folder, "serve", "--port", "0", "--store", store);
    expect(code).toBe(2);
    if (typeof line === "string") expect(errors).toBe(line);
    else expect(errors).toMatch(line);
  }
});

test("a folder that can't be written to is one line and code 2", async () => {
  const folder = emptyFolder();
  // Nobody keeps root from writing, so root runs it as nobody; who then has to be able to read it.
  const isRoot = process.getuid?.() === 0;
  const command = isRoot
    ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", join(folder, "tidings")]
    : [binary];
  if (isRoot) await cp(binary, join(folder, "tidings"));
  await chmod(folder, 0o555);
  const child = Bun.spawn([...command, "serve", "--port", "0", "--store", "events.db"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: cleanEnvironment(),
  });
  const errors = await new Response(child.stderr).text();
  expect([await child.exited, errors]).toEqual([
    2,
    "tidings: events.db can't be opened for writing: unable to open database file\n",
  ]);
  await chmod(folder, 0o755);
});

test("while nothing more can be written, publishers are told and clients stay; then it works again", async () => {
  const folder = emptyFolder();
  const hub = await serveBinary(folder, "--store", "events.db", "--history-bytes", "1GiB");
  const reader = await Reader.open(`${hub.url}/events`);
  await reader.next();
  const kept: string[] = [];
  const data = "x".repeat(20_000);
  const attempt = async (): Promise<number> => {
    const answer = await publish(hub.url, { type: "n", data });
    if (answer.ok) kept.push(((await answer.json()) as { id: string }).id);
    else expect(answer.headers.get("retry-after")).toBe("1");
    return answer.status;
  };
  expect(await attempt()).toBe(200);

  // To the hub, a full disk: no file of its may grow beyond this.
  limitFiles(hub.pid, String(1_000_000));
  let status = 200;
  for (let i = 0; i < 200 && status === 200; i++) status = await attempt();
  expect(status).toBe(503);
  expect(await hub.logged("store fails")).toMatchObject({ level: "error" });
  const ready = await fetch(`${hub.url}/readyz`);
  expect([ready.status, await attempt(), await attempt()]).toEqual([503, 503, 503]);
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);

  limitFiles(hub.pid, "unlimited");
  // By itself: nobody publishes, as nobody would to a hub that is not ready.
  await hub.logged("store works again");
  expect((await fetch(`${hub.url}/readyz`)).status).toBe(200);
  expect(await attempt()).toBe(200);

  // The client was there all the time, and has just what was acknowledged; so has the file.
  const received: (string | undefined)[] = [];
  while (received.length < kept.length) received.push((await reader.next())?.id);
  expect(received).toEqual(kept);
  expect((await readAll(hub.url)).map(({ id }) => id)).toEqual(kept);
});

/** Limits how large the files of a running process may become, in bytes. */
function limitFiles(pid: number, size: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["prlimit", "--pid", String(pid), `--fsize=${size}:unlimited`]);
  if (exitCode !== 0) throw new Error(stderr.toString());
}
