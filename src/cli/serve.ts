import { Command } from "commander";
import { createApp } from "../app.ts";
import { Broker } from "../broker/broker.ts";
import { type Config, withServeOptions } from "../config.ts";
import { MAX_BODY_BYTES } from "../http/body.ts";
import { MemoryStore } from "../log/memory.ts";
import { version } from "../version.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";
import { createLogger } from "./log.ts";

export const serve = withServeOptions(new Command("serve"))
  .description("Run the hub.")
  .addHelpText(
    "after",
    `
Every flag has an environment variable, named in brackets; a flag wins.
Durations read 15s or 1h, sizes 64KiB or 1MB.

  $ tidings serve
  $ tidings serve --port 8080 --strict --keep-alive 30s`,
  )
  .action(run);

async function run(config: Config): Promise<void> {
  const logger = createLogger(config.logLevel);
  const store = new MemoryStore({ events: config.historyEvents, bytes: config.historyBytes });
  const broker = new Broker({ keepAlive: config.keepAlive, logger, store });
  const app = createApp({ broker, logger, strict: config.strict });
  const url = listen(app, config);

  console.log(banner(url));
  logger.info({ url, version, store: store.name }, "listening");

  const signal = await stopSignal();
  logger.info({ signal, clients: broker.clientCount }, "stopping");
  await broker.close();
  await app.stop(true);
  logger.info("stopped");
  process.exit(0);
}

function listen(app: ReturnType<typeof createApp>, { host, port }: Config): string {
  try {
    // The body's own limit is checked where the refusal can be put into words; this is the stop behind it.
    // Elysia would share the port with another program that listens there.
    app.listen({ hostname: host, port, reusePort: false, maxRequestBodySize: 2 * MAX_BODY_BYTES });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "EADDRINUSE" ? "another program listens there" : String((error as Error).message);
    throw new CliError(`can't listen on ${host} port ${port}: ${reason}`, EXIT_UNAVAILABLE);
  }
  if (!app.server) throw new Error("listening without a server");
  return app.server.url.origin;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
  });
}

function banner(url: string): string {
  return `Tidings ${version} on ${url}

  Subscribe   new EventSource("${url}/events")   or   tidings listen --url ${url}
  Publish     POST ${url}/publish   {"type":"…","data":…,"topics":[…]}
  Look        ${url}/openapi   ${url}/catalog   ${url}/status
`;
}
