import { constants } from "node:os";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { readConfig, withServeOptions } from "../config/flags.ts";
import { CommandWithVariables, unknownVariables } from "../config/variables.ts";
import { CatalogError } from "../events/schema.ts";
import { StoreFileError } from "../log/sqlite/sqlite-file.ts";
import type { Logger } from "../logger.ts";
import { OwnerLinkError } from "../nodes/owner-link.ts";
import { ListenError } from "../server/listener.ts";
import { startServer } from "../server/server.ts";
import {
  type Assignment,
  followOrders,
  report,
  startedByNobody,
  startWorker,
  takeAssignment,
  type Worker,
} from "../server/worker.ts";
import { reasonAgainstWorkers, startWorkers, WorkerError } from "../server/workers.ts";
import { version } from "../version.ts";
import { banner } from "./banner.ts";
import { CliError, EXIT_UNAVAILABLE, EXIT_USAGE } from "./error.ts";
import { notesAndExamples } from "./help.ts";
import { createLogger } from "./logger.ts";

const NEVER = new Promise<never>(() => {});

/** So long a word between a worker and the process that started it may take to arrive, in ms. */
const LAST_WORD_MS = 200;

export const serve = withServeOptions(new CommandWithVariables("serve"))
  .description("Run the hub.")
  .addHelpText("after", ({ command }) =>
    notesAndExamples(command, "Durations read 15s or 1h, sizes 64KiB or 1MB.", [
      "tidings serve",
      "tidings serve --port 8080 --cors-origin https://www.example.org",
      "tidings serve --events events.ts --strict",
      "tidings serve --store events.db --host 0.0.0.0 --publish-key-file keys",
    ]),
  )
  .action((_, command: Command) => {
    const all = command.parent?.commands ?? [command];
    return run(readConfig(command), unknownVariables(all, process.env));
  });

async function run(config: Config, warnings: readonly string[]): Promise<void> {
  const assignment = takeAssignment(process.env);
  if (assignment) return work(config, assignment);
  assertOwnSocket(process.env);
  const logger = createLogger(config.logLevel);
  for (const warning of warnings) logger.warn({}, warning);
  let hub: Running | undefined;
  // By default it would kill the hub, without draining.
  process.on("SIGHUP", async () => {
    logger.info({ signal: "SIGHUP" }, "reading files again");
    await hub?.reload();
  });
  // It may come before there is a hub that can be stopped.
  const stopped = stopSignal();
  const started = await Promise.race([inPlainWords(() => start(config, logger)), stopped]);
  if (typeof started === "string") {
    logger.info({ signal: started }, "stopped before it served");
    process.exit(0);
  }
  hub = started;
  const { url, hasKeys, store, stop } = hub;

  console.log(banner(url, hasKeys));
  logger.info({ url, version, store, ...hub.fields }, "listening");

  const { failed = NEVER, clients } = hub;
  const exitCode = await Promise.race([
    stopped.then((signal) => {
      logger.info({ signal, ...clients() }, "stopping; once more ends it at once");
      return 0;
    }),
    failed.then((reason) => {
      logger.error(clients(), `${reason}: this node ends`);
      return EXIT_UNAVAILABLE;
    }),
  ]);
  await stop();
  logger.info("stopped");
  process.exit(exitCode);
}

/** A hub that runs, in one process or in several. */
interface Running {
  readonly url: string;
  readonly hasKeys: boolean;
  readonly store: string;
  /** What else the log says of it. */
  readonly fields: Readonly<Record<string, unknown>>;
  clients(): Readonly<Record<string, unknown>>;
  /** Resolves when it can't go on, to the reason; never, where it is started again by itself. */
  readonly failed?: Promise<string>;
  reload(): void | Promise<void>;
  stop(): Promise<void>;
}

async function start(config: Config, logger: Logger): Promise<Running> {
  const against = config.workers > 1 ? reasonAgainstWorkers(config) : undefined;
  if (against !== undefined) logger.warn({}, `--workers ${config.workers}: ${against}; one process serves`);
  if (config.workers > 1 && against === undefined) {
    const workers = await startWorkers(config, logger, workerCommand());
    return { ...workers, fields: { workers: config.workers }, clients: () => ({}) };
  }
  const server = await startServer(config, logger);
  const { broker } = server;
  return {
    ...server,
    store: broker.log.store.name,
    fields: {},
    clients: () => ({ clients: broker.clientCount }),
  };
}

/** What starts this program again. */
function workerCommand(): string[] {
  const isExecutable = Bun.main.startsWith("/$bunfs/");
  return [process.execPath, ...(isExecutable ? [] : [Bun.main]), ...process.argv.slice(2)];
}

/** Runs as one process of several, until the one that started it says so. */
async function work(config: Config, assignment: Assignment): Promise<void> {
  // A terminal sends these to all processes; what they mean is for the one that started the others.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
  const alone = startedByNobody(assignment);
  const log = createLogger(config.logLevel).child({ worker: assignment.worker });
  // What they all find when they start is said by the first.
  if (assignment.worker > 1) log.level = "error";
  let worker: Worker;
  try {
    const starting = inPlainWords(() => startWorker(config, log, assignment));
    const started = await Promise.race([starting, alone]);
    if (typeof started === "string") process.exit(EXIT_UNAVAILABLE);
    worker = started;
  } catch (error) {
    if (!(error instanceof CliError || error instanceof ConfigError)) throw error;
    const exitCode = error instanceof CliError ? error.exitCode : EXIT_USAGE;
    report({ report: "failed", message: error.message, exitCode });
    await Bun.sleep(LAST_WORD_MS);
    process.exit(exitCode);
  }
  log.level = config.logLevel;
  const { server, failed } = worker;
  const toStop = Promise.race([followOrders(server), stopSignal()]);
  report({ report: "ready", url: server.url, hasKeys: server.hasKeys });
  const failure = await Promise.race([failed, alone, toStop.then(() => undefined)]);
  if (failure === undefined) {
    await server.stop();
    process.exit(0);
  }
  log.error({}, `${failure}: this worker ends`);
  await server.stop(0);
  // If the other process is gone as a whole, this one hears of it in a moment, and tidies up.
  await Promise.race([alone, Bun.sleep(LAST_WORD_MS)]);
  process.exit(EXIT_UNAVAILABLE);
}

async function inPlainWords<T>(starting: () => Promise<T>): Promise<T> {
  try {
    return await starting();
  } catch (error) {
    if (error instanceof StoreFileError) {
      throw new CliError(error.repairable ? `${error.message}: --repair` : error.message);
    }
    if (error instanceof CatalogError) throw new CliError(error.message);
    if (error instanceof ListenError) throw new CliError(error.message, EXIT_UNAVAILABLE);
    if (error instanceof OwnerLinkError) throw new CliError(error.message, EXIT_UNAVAILABLE);
    if (error instanceof WorkerError) throw new CliError(error.message, error.exitCode);
    throw error;
  }
}

/** @throws ConfigError when systemd has opened a socket for the hub, which would wait there for ever. */
function assertOwnSocket({ LISTEN_PID: pid, LISTEN_FDS: count }: NodeJS.ProcessEnv): void {
  if (count === undefined || pid !== String(process.pid)) return;
  throw new ConfigError(
    "the runtime can't take a socket from systemd: put systemd-socket-proxyd before --unix, or leave the socket unit out",
  );
}

/** Resolves at the first signal to stop. The next one ends this process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(128 + constants.signals[signal]);
        isStopping = true;
        resolve(signal);
      });
    }
  });
}
