import { expect, test } from "bun:test";
import { killAfterwards } from "../defer.ts";
import { binary } from "../e2e/binary.ts";
import { startHub } from "../hub.ts";
import { until } from "../until.ts";
import { start } from "./tidings.ts";

/** Starts a program as process 1, as that of a container is. */
const CONTAINER = [
  "unshare",
  // Root needs no namespace of users for it, which systems deny more often.
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  "--pid",
  "--fork",
  "--kill-child",
];

const hasNamespaces = Bun.which("unshare") !== null && Bun.spawnSync([...CONTAINER, "true"]).success;

for (const signal of ["TERM", "INT"] as const) {
  test.skipIf(!hasNamespaces)(`publish and listen end at ${signal} as process 1 of a container`, async () => {
    const { url, broker } = startHub();
    for (const args of [
      ["publish", "n", "-", "--url", url],
      ["listen", "--url", url],
    ]) {
      const child = Bun.spawn([...CONTAINER, binary, ...args], {
        stdin: "pipe",
        stdout: "ignore",
        stderr: "ignore",
      });
      killAfterwards(child);
      if (args[0] === "publish") {
        child.stdin.write("1\n");
        child.stdin.flush();
        await until(() => broker.totals.published === 1);
      } else {
        await until(() => broker.clientCount === 1);
      }
      // The one that `unshare` has started: from outside it has another number.
      const [inner] = (await Bun.file(`/proc/${child.pid}/task/${child.pid}/children`).text()).split(" ");
      process.kill(Number(inner), `SIG${signal}`);
      // What ends publishing is a signal; listening is meant to be ended by one.
      const code = signal === "TERM" ? 143 : 130;
      expect(await child.exited).toBe(args[0] === "publish" ? code : 0);
    }
  });
}

test("SIGHUP leaves a hub running", async () => {
  const hub = start(["serve", "--port", "0"]);
  await until(async () => (await hub.errorLine())?.includes("listening"));
  hub.kill("SIGHUP");
  expect(await hub.errorLine()).toContain("SIGHUP");
  hub.kill("SIGTERM");
  expect(await hub.exited).toBe(0);
});
