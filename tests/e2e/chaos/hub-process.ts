import { readdirSync, readFileSync } from "node:fs";
import { readLines } from "../../../src/cli/event-line.ts";
import type { Status } from "../../../src/protocol/status.ts";
import { defer } from "../../defer.ts";
import { emptyFolder } from "../../folder.ts";
import { cleanEnvironment } from "../../program.ts";
import { until } from "../../until.ts";
import { binary } from "../binary.ts";

/** How much of a node's log is kept for whoever looks into a failure. */
const KEPT_LINES = 5000;

/** One node of the hub, as real processes on a port that stays. */
export class HubProcess {
  readonly url: string;
  readonly #arguments: readonly string[];
  readonly #folder = emptyFolder();
  #child: Bun.Subprocess | undefined;
  /** Since when the process that runs has run. */
  startedAt = 0;
  /** The newest lines of its log. */
  readonly lines: string[] = [];

  constructor(port: number, args: readonly string[]) {
    this.url = `http://127.0.0.1:${port}`;
    this.#arguments = ["serve", "--port", `${port}`, ...args];
    defer(() => this.kill());
  }

  /** @param program the binary of another version. */
  start(program = binary): void {
    const child = Bun.spawn([program, ...this.#arguments], {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "pipe"],
      env: cleanEnvironment(),
    });
    this.#child = child;
    this.startedAt = performance.now();
    void this.#readLog(child.stderr);
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Of what is wrong with it, undefined if it does not answer in time. */
  status(): Promise<Status | undefined> {
    return fetch(`${this.url}/status`, { signal: AbortSignal.timeout(2000) })
      .then((answer) => (answer.ok ? (answer.json() as Promise<Status>) : undefined))
      .catch(() => undefined);
  }

  async ready(): Promise<void> {
    await until(async () => (await this.status())?.store.engine?.state === "open");
  }

  /** Sends a signal to it and to all of its workers. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#child) return;
    for (const pid of familyOf(this.#child.pid)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** The processes that it has started. */
  get workers(): readonly number[] {
    return this.#child ? familyOf(this.#child.pid).slice(1) : [];
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#child?.exited;
  }

  /** Asks it to stop, and waits until it has. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
  }

  async #readLog(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of readLines(stream)) {
      this.lines.push(line);
      if (this.lines.length > KEPT_LINES) this.lines.shift();
    }
  }
}

/** A process and its children, as /proc tells. */
function familyOf(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}
