import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { encodeFrame } from "../../src/nodes/frames.ts";
import type { Line } from "../../src/nodes/line.ts";
import { listenForLines } from "../../src/nodes/line.ts";
import { PROTOCOL } from "../../src/nodes/messages.ts";
import { defer, killAfterwards } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { cleanEnvironment, ended } from "../program.ts";
import { until } from "../until.ts";
import { binary, type LogLine, serveBinaryWith } from "./binary.ts";

const linux = test.skipIf(process.platform !== "linux");

/** An events file at which a start stands still; who has come there leaves a file. */
const STANDSTILL = `
import { writeFileSync } from "node:fs";
writeFileSync(process.env.ARRIVALS + "/" + process.pid, "");
await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
export default {};
`;

/** Starts a hub that stands still before it serves; resolves when it does. */
async function startHalf(...args: string[]) {
  const [folder, arrivals, temporary] = [emptyFolder(), emptyFolder(), emptyFolder()];
  writeFileSync(join(folder, "events.ts"), STANDSTILL);
  const child = Bun.spawn([binary, "serve", "--port", "0", "--events", "events.ts", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(), TMPDIR: temporary, ARRIVALS: arrivals },
  });
  killAfterwards(child);
  await until(() => readdirSync(arrivals).length > 0);
  return {
    child,
    temporary,
    /** The process that stands still: the hub, or its first worker. */
    still: Number(readdirSync(arrivals)[0]),
    /** What it prints, until it and all of its workers have ended. */
    ended: ended(child),
  };
}

function logOf(errors: string): LogLine[] {
  return errors
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);
}

const errorsOf = (lines: readonly LogLine[]) => lines.filter(({ level }) => level === "error");

/** Resolves when it has ended; whoever started it may not have noticed. */
const hasEnded = (pid: number) =>
  until(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));

for (const [name, args] of [
  ["one process", []],
  ["one process with a file", ["--store", "events.db"]],
  ["workers", ["--workers", "2"]],
  ["workers with a file", ["--workers", "2", "--store", "events.db"]],
] as const) {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    linux(`${signal} before it serves ends ${name} at once, and leaves nothing`, async () => {
      const { child, temporary, ended } = await startHalf(...args);
      child.kill(signal);
      const { code, output, errors } = await ended;
      expect([code, output]).toEqual([0, ""]);
      expect(logOf(errors)).toEqual([
        expect.objectContaining({ level: "info", signal, msg: "stopped before it served" }),
      ]);
      expect(readdirSync(temporary)).toEqual([]);
    });
  }
}

linux("a worker that starts ends when the one that started it is killed, and leaves nothing", async () => {
  const { child, temporary, ended } = await startHalf("--workers", "2");
  expect(readdirSync(temporary).length).toBe(1);
  child.kill("SIGKILL");
  expect(await ended).toMatchObject({ output: "", errors: "" });
  expect(readdirSync(temporary)).toEqual([]);
});

linux("SIGTERM to all processes before it serves, the workers' first, is a stop", async () => {
  const { child, still, temporary, ended } = await startHalf("--workers", "2");
  child.kill("SIGSTOP");
  process.kill(still, "SIGTERM");
  await hasEnded(still);
  child.kill("SIGTERM");
  child.kill("SIGCONT");
  const { code, errors } = await ended;
  expect([code, logOf(errors).map(({ msg }) => msg)]).toEqual([0, ["stopped before it served"]]);
  expect(readdirSync(temporary)).toEqual([]);
});

linux("workers end when the process that started them is killed, and leave nothing", async () => {
  const temporary = emptyFolder();
  const args = ["--port", "0", "--workers", "2"];
  const hub = await serveBinaryWith({ TMPDIR: temporary }, emptyFolder(), ...args);
  expect(readdirSync(temporary).length).toBe(1);
  hub.kill("SIGKILL");
  await hub.rest();
  expect(readdirSync(temporary)).toEqual([]);
});

/** The processes that a process has started. */
const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

linux("a hub that is told to stop and finds its workers gone starts none of them again", async () => {
  const hub = await serveBinaryWith({}, emptyFolder(), "--port", "0", "--workers", "2");
  process.kill(hub.pid, "SIGSTOP");
  const workers = childrenOf(hub.pid);
  expect(workers.length).toBe(2);
  for (const worker of workers) process.kill(worker, "SIGKILL");
  for (const worker of workers) await hasEnded(worker);
  hub.kill("SIGTERM");
  hub.kill("SIGCONT");
  const lines = await hub.rest();
  expect(await hub.exited).toBe(0);
  expect(errorsOf(lines)).toEqual([]);
  expect(lines.at(-1)?.msg).toBe("stopped");
});

linux("a second signal ends workers that drain at once, and leaves nothing", async () => {
  const temporary = emptyFolder();
  const args = ["--port", "0", "--workers", "2", "--drain", "1h"];
  const hub = await serveBinaryWith({ TMPDIR: temporary }, emptyFolder(), ...args);
  const reader = await Reader.open(`${hub.url}/events`);
  await reader.next();
  hub.kill("SIGINT");
  await hub.logged("stopping; once more ends it at once");
  hub.kill("SIGINT");
  expect(errorsOf(await hub.rest())).toEqual([]);
  expect(await hub.exited).toBe(130);
  expect(readdirSync(temporary)).toEqual([]);
});

/** Starts a worker alone. Resolves to what it reports, and to what it prints, when it has ended. */
async function startWorker(socket: string, reported: (report: unknown) => void = () => {}) {
  const reports: unknown[] = [];
  const child = Bun.spawn([binary, "serve", "--port", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...cleanEnvironment(),
      TIDINGS_WORKER: JSON.stringify({ worker: 1, workers: 1, socket, port: 0 }),
    },
    serialization: "json",
    ipc(report) {
      reports.push(report);
      reported(report);
    },
  });
  killAfterwards(child);
  const end = await ended(child);
  await until(() => reports.length > 0);
  return { ...end, reports };
}

const START = {
  type: "start",
  protocol: PROTOCOL,
  version: "0.0.1",
  store: "memory",
  erases: false,
  backsUp: false,
  bounds: { events: null, bytes: null, age: null },
  head: 0,
  lives: [{ word: "word", first: 1 }],
  holdings: { count: 0, bytes: 0 },
};
const isHello = (message: unknown) => (message as { type: string }).type === "hello";
const send = (message: object) => (line: Line) => line.send(encodeFrame(message));

for (const [owner, answer, says] of [
  ["is gone", undefined, /^can't follow the process that has the log: [^\n]+$/],
  ["hangs up", (line: Line) => line.end(), /^the process that has the log is gone$/],
  [
    "runs another version",
    send({ ...START, protocol: 0 }),
    new RegExp(`^the hub runs 0\\.0\\.1, and this is ${version}: restart the hub$`),
  ],
  [
    "says what nobody knows",
    send({ type: "begin" }),
    /^can't follow the process that has the log: [^\n]+ not known: begin$/,
  ],
] as const) {
  linux(`a worker whose log's owner ${owner} says so in one line`, async () => {
    const socket = join(emptyFolder(), "log.sock");
    if (answer) {
      defer(
        listenForLines(socket, (line) => {
          line.listener = { arrived: () => answer(line), ended() {} };
        }),
      );
    }
    const { code, output, errors, reports } = await startWorker(socket);
    expect([code, output, errors]).toEqual([1, "", ""]);
    expect(reports).toEqual([{ report: "failed", message: expect.stringMatching(says), exitCode: 1 }]);
  });
}

linux("a worker that its log's owner hangs up on ends, and leaves the owner's socket", async () => {
  const socket = join(emptyFolder(), "log.sock");
  const { promise: opened, resolve: open } = Promise.withResolvers<Line>();
  defer(
    listenForLines(socket, (line) => {
      open(line);
      line.listener = { arrived: ({ message }) => void (isHello(message) && send(START)(line)), ended() {} };
    }),
  );
  const { code, reports } = await startWorker(socket, () => void opened.then((line) => line.end()));
  expect([code, reports]).toEqual([1, [expect.objectContaining({ report: "ready" })]]);
  expect(existsSync(socket)).toBe(true);
});
