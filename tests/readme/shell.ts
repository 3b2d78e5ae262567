import { delimiter, dirname, resolve } from "node:path";
import { defer } from "../defer.ts";
import { binary } from "../e2e/binary.ts";
import { freePort } from "../free-port.ts";
import { redisProgram } from "../log/redis/redis-server.ts";
import { cleanEnvironment } from "../program.ts";

/** Ports for those that the commands name: all that is not as a reader runs it. */
export function otherPorts(): (text: string) => string {
  const ports = new Map<string, number>();
  for (const port of ["3000", "3001", "3002", "6379", "8080", "8081", "8082", "8083"])
    ports.set(port, freePort());
  return (text) => text.replaceAll(/\b(?:300[0-2]|6379|808[0-3])\b/g, (port) => String(ports.get(port)));
}

/** Runs commands one after the other as somebody would who types them, some in other terminals. */
export class Shell {
  readonly #translate: (text: string) => string;
  readonly #running: Running[] = [];
  #cwd: string;

  constructor(folder: string, translate: (text: string) => string) {
    this.#cwd = folder;
    this.#translate = translate;
    defer(() => this.end());
  }

  get cwd(): string {
    return this.#cwd;
  }

  /** Runs the command to its end; what it wrote. Throws when it ends with another code. */
  async run(command: string, expected = 0): Promise<string> {
    const [, folder] = /^cd (\S+)$/.exec(command) ?? [];
    if (folder !== undefined) {
      this.#cwd = resolve(this.#cwd, folder);
      return "";
    }
    const running = this.start(command);
    const code = await running.exited;
    if (code !== expected)
      throw new Error(`${command} ended with ${code}:\n${running.output}${running.errors}`);
    return running.output;
  }

  /** Starts the command, as in a terminal of its own. */
  start(command: string): Running {
    const running = new Running(this.#translate(command), this.#cwd, this.#environment());
    this.#running.push(running);
    return running;
  }

  async end(): Promise<void> {
    for (const running of this.#running.splice(0)) await running.kill();
  }

  #environment(): Record<string, string | undefined> {
    const port = this.#translate("3000");
    const python = process.env["TIDINGS_TEST_PYTHON"];
    const path = [
      dirname(binary),
      dirname(process.execPath),
      ...(python === undefined ? [] : [python]),
      ...(redisProgram === undefined ? [] : [dirname(resolve(redisProgram))]),
      process.env["PATH"],
    ].join(delimiter);
    const url = `http://127.0.0.1:${port}`;
    return { ...cleanEnvironment(), PATH: path, TIDINGS_PORT: port, TIDINGS_URL: url };
  }
}

/** A command that was started. */
export class Running {
  /** What it wrote to standard output so far, and to standard error. */
  output = "";
  errors = "";
  readonly exited: Promise<number>;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #drained: Promise<unknown>;
  #wake: () => void = () => {};

  constructor(command: string, cwd: string, env: Record<string, string | undefined>) {
    this.#child = Bun.spawn(["sh", "-c", command], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, which is ended as a whole.
      detached: true,
    });
    this.#drained = Promise.all([
      this.#collect(this.#child.stdout, (text) => {
        this.output += text;
      }),
      this.#collect(this.#child.stderr, (text) => {
        this.errors += text;
      }),
    ]);
    this.exited = this.#drained.then(() => this.#child.exited);
    void this.exited.then(() => this.#wake());
  }

  /** Whether it has shown anything, or has ended. */
  get hasSaid(): boolean {
    return this.output !== "" || this.errors !== "" || this.#child.exitCode !== null;
  }

  /** Resolves when its output matches; rejects when it has ended without. */
  async shows(expected: RegExp): Promise<void> {
    while (!expected.test(this.output)) {
      if (this.#child.exitCode !== null) {
        await this.#drained;
        if (expected.test(this.output)) return;
        throw new Error(`ended without showing ${expected}:\n${this.output}${this.errors}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async kill(): Promise<void> {
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.exited;
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      add(decoder.decode(bytes, { stream: true }));
      this.#wake();
    }
  }
}
