import { constants } from "node:os";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { readConfig, withServeOptions } from "../config/flags.ts";
import { CommandWithVariables, unknownVariables } from "../config/variables.ts";
import { CatalogError } from "../events/schema.ts";
import { StoreFileError } from "../log/sqlite/sqlite-file.ts";
import type { Logger } from "../logger.ts";
import { ListenError } from "../server/listener.ts";
import { type Server, startServer } from "../server/server.ts";
import { version } from "../version.ts";
import { banner } from "./banner.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";
import { notesAndExamples } from "./help.ts";
import { createLogger } from "./log.ts";

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
  assertOwnSocket(process.env);
  const logger = createLogger(config.logLevel);
  for (const warning of warnings) logger.warn({}, warning);
  let server: Server | undefined;
  // By default it would kill the hub, without draining.
  process.on("SIGHUP", async () => {
    logger.info({ signal: "SIGHUP" }, "reading files again");
    await server?.reload();
  });
  server = await start(config, logger);
  const { broker, url, hasKeys, stop } = server;

  console.log(banner(url, hasKeys));
  logger.info({ url, version, store: broker.log.store.name }, "listening");

  const signal = await stopSignal();
  logger.info({ signal, clients: broker.clientCount }, "stopping; once more ends it at once");
  void stopSignal().then((again) => process.exit(128 + constants.signals[again]));
  await stop();
  logger.info("stopped");
  process.exit(0);
}

async function start(config: Config, logger: Logger): Promise<Server> {
  try {
    return await startServer(config, logger);
  } catch (error) {
    if (error instanceof StoreFileError) {
      throw new CliError(error.repairable ? `${error.message}: --repair` : error.message);
    }
    if (error instanceof CatalogError) throw new CliError(error.message);
    if (error instanceof ListenError) throw new CliError(error.message, EXIT_UNAVAILABLE);
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

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
  });
}
