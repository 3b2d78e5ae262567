import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListenError } from "../../src/server/listener.ts";
import { startConfigured } from "../configured.ts";
import { until } from "../until.ts";

const folder = mkdtempSync(join(tmpdir(), "tidings-unix-"));
const unix = join(folder, "hub.sock");
afterAll(() => rmSync(folder, { recursive: true }));

test("a hub on a Unix socket: streams, for its owner and group only, and gone when it stops", async () => {
  const { url, broker, stop } = await startConfigured(["--unix", unix]);
  expect(url).toBe(`unix://${unix}`);
  expect(statSync(unix).mode & 0o777).toBe(0o660);
  const reader = (await fetch("http://localhost/events", { unix })).body?.getReader();
  await until(() => broker.clientCount === 1);
  broker.broadcast({ type: "over-unix", data: 1 });
  for (let text = ""; !text.includes("over-unix"); )
    text += new TextDecoder().decode((await reader?.read())?.value);

  // Its place is taken, and neither a living hub's socket nor anything else is removed.
  expect(startConfigured(["--unix", unix])).rejects.toThrow(
    new ListenError(`can't listen on ${unix}: another program listens there`),
  );
  await stop();
  expect(existsSync(unix)).toBeFalse();
});

test("a socket that a killed hub left behind is no obstacle, and no other file is removed", async () => {
  const script = `Bun.serve({ unix: ${JSON.stringify(unix)}, fetch: () => new Response() }); process.kill(process.pid, "SIGKILL")`;
  await Bun.spawn([process.execPath, "-e", script]).exited;
  expect(existsSync(unix)).toBeTrue();
  await startConfigured(["--unix", unix]);
  expect((await fetch("http://localhost/healthz", { unix })).status).toBe(200);

  const file = join(folder, "file");
  writeFileSync(file, "precious");
  expect(startConfigured(["--unix", file])).rejects.toThrow(
    new ListenError(`can't listen on ${file}: there is a file that is no socket`),
  );
});
