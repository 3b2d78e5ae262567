import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { reasonOf } from "../config/config-error.ts";
import { backupFolderOf, openStore, storeFileOf } from "../config/store.ts";
import { isRedisAddress } from "../log/redis/address.ts";
import { LimitedLogger, type Logger } from "../logger.ts";
import { listenForLines } from "../nodes/line.ts";
import { LogOwner } from "../nodes/log-owner.ts";
import { checker } from "../nodes/messages.ts";
import { findPort, ListenError } from "./listener.ts";
import { type Assignment, type Order, Report, WORKER_VARIABLE } from "./worker.ts";

/** A worker that ends is started again after this time, in ms, twice as long each time… */
const MIN_RESTART_MS = 100;
const MAX_RESTART_MS = 10_000;
/** …until one has run for this long. */
const STEADY_MS = 60_000;
/** How much longer than the streams' time workers may take to stop, in ms. */
const LAST_STEPS_MS = 5000;

const checkReport = checker(Report);

/** A worker that could not be started, as its message says. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A running hub of several processes. */
export interface Workers {
  readonly url: string;
  readonly hasKeys: boolean;
  /** The name of the store. */
  readonly store: string;
  /** Has all of them read the files that they follow. */
  reload(): void;
  /** Has all of them stop, as one does, then closes the log. */
  stop(): Promise<void>;
}

/** Whether this system lets processes share the hub's address; else why not. */
export function reasonAgainstWorkers({ unix }: Pick<Config, "unix">): string | undefined {
  if (unix !== undefined) return "a Unix socket can't be shared";
  if (process.platform !== "linux") return "only on Linux do processes share a port as it takes";
  return undefined;
}

/** What the workers follow, where that is in this process. */
interface Source {
  /** The name of the store. */
  readonly store: string;
  /** The Unix socket where the workers find the log; none where Redis has it. */
  readonly socket?: string;
  close(): Promise<void>;
  /** Leaves no file behind when this process ends now. */
  abandon(): void;
}

/** Opens the log for the workers. Where Redis has it, each of them is a node of the hub by itself. */
async function openSource(config: Config, logger: Logger): Promise<Source> {
  if (isRedisAddress(config.store)) return { store: "redis", async close() {}, abandon() {} };
  const store = await openStore(config, { shared: true });
  const owner = new LogOwner({ store, path: storeFileOf(config), logger });
  const folder = folderForSocket(config);
  const socket = join(folder, "log.sock");
  const stopListening = listenForLines(socket, (line) => owner.accept(line));
  const abandon = () => rmSync(folder, { recursive: true, force: true });
  return {
    store: store.name,
    socket,
    async close() {
      stopListening();
      abandon();
      await owner.close();
    },
    abandon,
  };
}

/**
 * Starts a hub, or a machine's part of one, of several processes, which share a port. This one has the log,
 * unless Redis has it.
 *
 * @param command what starts a worker; it runs {@link startWorker} with the same configuration.
 * @throws StoreFileError, ListenError, WorkerError.
 */
export async function startWorkers(
  config: Config,
  log: Logger,
  command: readonly string[],
): Promise<Workers> {
  const logger = LimitedLogger.of(log);
  const port = await findPort(config);
  const source = await openSource(config, logger);
  const { store, socket } = source;
  const assignment = { workers: config.workers, port, ...(socket !== undefined && { socket }) };
  const workers = Array.from(
    { length: config.workers },
    (_, i) => new WorkerProcess({ ...assignment, worker: i + 1 }, command, logger),
  );
  // However this process ends, it leaves no worker and no folder behind. Only SIGKILL gives it no time for that.
  process.once("exit", () => {
    for (const worker of workers) worker.kill();
    source.abandon();
  });
  try {
    const [first, ...others] = workers;
    // What is wrong with the configuration is said once.
    const ready = await first?.start();
    await Promise.all(others.map((worker) => worker.start()));
    return {
      url: ready?.url ?? "",
      hasKeys: ready?.hasKeys ?? false,
      store,
      reload() {
        for (const worker of workers) worker.tell({ order: "reload" });
      },
      async stop() {
        await Promise.all(workers.map((worker) => worker.stop(config.drain + LAST_STEPS_MS)));
        await source.close();
      },
    };
  } catch (error) {
    for (const worker of workers) worker.kill();
    await source.close();
    throw error;
  }
}

/**
 * A new folder for this user alone. A container may have none for temporary files, but one for its store.
 *
 * @throws ListenError when none can be made.
 */
function folderForSocket(config: Config): string {
  const reasons: string[] = [];
  for (const parent of [tmpdir(), backupFolderOf(config)]) {
    if (parent === undefined) continue;
    try {
      return mkdtempSync(join(parent, ".tidings-"));
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw new ListenError(`no folder for the workers' socket (TMPDIR names one): ${reasons.join("; ")}`);
}

type Ready = Extract<Report, { report: "ready" }>;

/** A worker, which is started again whenever it ends. */
class WorkerProcess {
  readonly #assignment: Assignment;
  readonly #command: readonly string[];
  readonly #logger: Logger;
  #child: Bun.Subprocess | undefined;
  #isStopping = false;
  #restartMs = MIN_RESTART_MS;
  #restart: ReturnType<typeof setTimeout> | undefined;

  constructor(assignment: Assignment, command: readonly string[], logger: Logger) {
    this.#assignment = assignment;
    this.#command = command;
    this.#logger = logger;
  }

  /** Resolves when it serves. @throws WorkerError when it can't be started. */
  start(): Promise<Ready> {
    return new Promise((resolve, reject) => {
      let isReady = false;
      const startedAt = performance.now();
      const child = Bun.spawn([...this.#command], {
        env: { ...process.env, [WORKER_VARIABLE]: JSON.stringify(this.#assignment) },
        stdio: ["ignore", "inherit", "inherit"],
        serialization: "json",
        ipc: (message) => {
          const said = checkReport(message);
          if (said.report === "failed") {
            child.kill("SIGKILL");
            reject(new WorkerError(said.message, said.exitCode));
            return;
          }
          isReady = true;
          resolve(said);
        },
      });
      this.#child = child;
      void child.exited.then(async (code) => {
        if (this.#child === child) this.#child = undefined;
        // What ended it may be a signal to all processes of the hub. This one is to hear it first.
        await new Promise(setImmediate);
        // Whoever waits for it to serve starts it again, or gives it up.
        if (!isReady) reject(new WorkerError(`worker ${this.#assignment.worker} ended before it served`, 1));
        else this.#ended(code, child.signalCode, performance.now() - startedAt);
      });
    });
  }

  tell(order: Order): void {
    this.#child?.send(order);
  }

  /** Resolves when it has ended. It is killed when it takes longer than so many ms. */
  async stop(within: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child) return;
    this.tell({ order: "stop" });
    const deadline = setTimeout(() => this.kill(), within);
    await child.exited;
    clearTimeout(deadline);
  }

  kill(): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    this.#child?.kill("SIGKILL");
  }

  #ended(code: number, signal: string | number | null, ranFor: number): void {
    if (this.#isStopping) return;
    if (ranFor >= STEADY_MS) this.#restartMs = MIN_RESTART_MS;
    const { worker } = this.#assignment;
    this.#logger.error(
      { worker, code, signal, restart_ms: this.#restartMs },
      "worker ended; it is started again",
    );
    this.#startLater();
  }

  #startLater(): void {
    this.#restart = setTimeout(() => {
      this.start().catch((error: unknown) => {
        if (this.#isStopping) return;
        this.#logger.error(
          { worker: this.#assignment.worker, error: String(error) },
          "worker not started again",
        );
        this.#startLater();
      });
    }, this.#restartMs);
    this.#restartMs = Math.min(2 * this.#restartMs, MAX_RESTART_MS);
  }
}
