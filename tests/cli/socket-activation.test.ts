import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

test("a hub that systemd hands a socket says that it can't take it", async () => {
  // The variable names the process that the socket is for.
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"';
  const command = ["sh", "-c", script, "sh", process.execPath, main, "serve", "--port", "0"];
  const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "pipe"] });
  expect(await new Response(child.stderr).text()).toMatch(
    /^tidings: the runtime can't take a socket from systemd: .+\n$/,
  );
  expect(await child.exited).toBe(2);
});
