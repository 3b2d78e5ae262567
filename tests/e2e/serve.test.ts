import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { version } from "../../package.json";
import { emptyFolder } from "../folder.ts";
import { problemOf } from "../http/problem.ts";
import { Reader } from "../http/reader.ts";
import { post } from "../post.ts";
import { runBinary, runBinaryWith, serveBinary, serveBinaryWith } from "./binary.ts";

// The executable alone, in an empty folder.

test("says where it is and what to do, on standard output; its log is JSON on standard error", async () => {
  const folder = emptyFolder();
  const hub = await serveBinary(folder);
  expect(hub.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  for (const path of ["/healthz", "/readyz", "/status", "/catalog", "/openapi", "/openapi/json", "/"]) {
    expect([path, (await fetch(hub.url + path)).status]).toEqual([path, 200]);
  }
  hub.kill("SIGTERM");
  expect(await hub.logged("stopped")).toMatchObject({ level: "info" });
  expect(await hub.exited).toBe(0);
  const banner = await hub.output;
  expect(banner).toStartWith(`Tidings ${version} on ${hub.url}\n`);
  for (const hint of ["new EventSource(", "tidings listen", "POST", "/publish", "/openapi", "/status"]) {
    expect(banner).toContain(hint);
  }
  expect(await readdir(folder)).toEqual([]);
});

test("a client, a publisher and the environment: TIDINGS_ variables set flags, and a flag wins", async () => {
  const env = {
    TIDINGS_PORT: "0",
    TIDINGS_STRICT: "true",
    TIDINGS_KEEP_ALIVE: "20ms",
    TIDINGS_HISTORY_EVENTS: "5",
    TIDINGS_LOG_LEVEL: "debug",
  };
  const { url, logged } = await serveBinaryWith(env, emptyFolder(), "--history-events", "2");
  const reader = await Reader.open(`${url}/events`);
  expect(await logged("client connected")).toMatchObject({ level: "debug" });
  expect(await reader.comment()).toBe("keepalive");
  await problemOf(await post(`${url}/publish`, { type: "mine", data: 1 }), 422);
  for (const badge of ["1", "2", "3"]) {
    expect(
      (await post(`${url}/publish`, { type: "nav-badge-update", data: { path: "/", badge } })).status,
    ).toBe(200);
  }
  expect((await reader.take(4)).at(-1)).toEqual(["nav-badge-update", { path: "/", badge: "3" }]);
  const status = (await (await fetch(`${url}/status`)).json()) as { store: { events: number } };
  expect(status.store.events).toBe(2);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends every stream and the hub with code 0`, async () => {
    const { url, kill, exited, logged } = await serveBinary(emptyFolder(), "--drain", "0");
    const readers = await Promise.all(Array.from({ length: 20 }, () => Reader.open(`${url}/events`)));
    for (const reader of readers) await reader.next();
    kill(signal);
    for (const reader of readers) while (await reader.next());
    expect(await exited).toBe(0);
    await logged("stopped");
  });
}

test("what is wrong with a flag or value is one line on standard error, and code 2", async () => {
  const folder = emptyFolder();
  const cases: [args: string[], says: string][] = [
    [["--port", "65536"], "Expected a port"],
    [["--port", "http"], "Expected a port"],
    [["--port"], "argument missing"],
    [["--keep-alive", "15"], "Expected a duration"],
    [["--keep-alive", "-1s"], "Expected a duration"],
    [["--history-events", "0"], "Expected a whole number"],
    [["--history-bytes", "64K"], "Expected a size"],
    [["--log-level", "loud"], "debug, info, warn, error"],
    [["--prot", "1"], "unknown option '--prot'"],
    [["extra"], "too many arguments"],
    [["--host", "192.0.2.1"], "--open"],
  ];
  for (const [args, says] of cases) {
    const { code, output, errors } = await runBinary(folder, "serve", "--port", "0", ...args);
    expect({ args, code, output }).toEqual({ args, code: 2, output: "" });
    expect(errors).toMatch(/^tidings: [^\n]+\n$/);
    expect(errors).toContain(says);
  }
  const fromEnvironment = await runBinaryWith({ TIDINGS_PORT: "x" }, folder, "serve");
  expect(fromEnvironment).toMatchObject({ code: 2, output: "" });
  expect(fromEnvironment.errors).toMatch(/^tidings: [^\n]*TIDINGS_PORT[^\n]*\n$/);
  const unknown = await runBinary(folder, "srve");
  expect(unknown).toMatchObject({ code: 2, output: "" });
  expect(unknown.errors).toMatch(/^tidings: [^\n]*srve[^\n]*\n$/);
});

test("where it can't listen is one line on standard error, and code 1: another time it may", async () => {
  const { url } = await serveBinary(emptyFolder());
  const { port } = new URL(url);
  const { code, output, errors } = await runBinary(emptyFolder(), "serve", "--port", port);
  expect([code, output]).toEqual([1, ""]);
  expect(errors).toBe(
    `tidings: can't listen on 127.0.0.1 port ${port}: another program listens there; --port takes another one\n`,
  );
  const elsewhere = await runBinary(emptyFolder(), "serve", "--host", "192.0.2.1", "--open");
  expect([elsewhere.code, elsewhere.output]).toEqual([1, ""]);
  expect(elsewhere.errors).toMatch(/^tidings: can't listen on 192\.0\.2\.1 port 3000: [^\n]+\n$/);
  const nowhere = await runBinary(emptyFolder(), "serve", "--host", "hub.invalid", "--open");
  expect([nowhere.code, nowhere.output]).toEqual([1, ""]);
  expect(nowhere.errors).toBe("tidings: can't listen on hub.invalid: no address is known for that name\n");
});

test("every command has help with its flags and their variables; --version is the version", async () => {
  const folder = emptyFolder();
  const all = await runBinary(folder, "--help");
  expect([all.code, all.errors]).toEqual([0, ""]);
  const commands = [...all.output.matchAll(/^ {2}([a-z]+)\b.* {2}/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== "help");
  expect(commands).toEqual(expect.arrayContaining(["serve", "publish", "listen", "catalog"]));
  for (const command of commands) {
    const { code, output, errors } = await runBinary(folder, command ?? "", "--help");
    expect({ command, code, errors }).toEqual({ command, code: 0, errors: "" });
    expect(output).toContain(`Usage: tidings ${command}`);
    expect(output).toMatch(/^ {2}\$ tidings /m);
    const lines = output.split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    // How the variables of flags are named is said once.
    const hasFlags = /^ {2}(-\w, )?--(?!help)/m.test(output);
    expect(output.includes("Every flag has an environment variable")).toBe(hasFlags);
  }
  expect(await runBinary(folder, "--version")).toEqual({ code: 0, output: `${version}\n`, errors: "" });
});

test("without a command it tells which there are", async () => {
  const { code, output, errors } = await runBinary(emptyFolder());
  expect([code, output]).toEqual([2, ""]);
  expect(errors).toContain("serve");
});

test("catalog prints the JSON Schema of every type", async () => {
  const { code, output } = await runBinary(emptyFolder(), "catalog");
  expect(code).toBe(0);
  expect(Object.keys(JSON.parse(output))).toContain("health-update");
});
