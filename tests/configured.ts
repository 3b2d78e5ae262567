import { Command } from "commander";
import type { Config } from "../src/config/config.ts";
import { readConfig, withServeOptions } from "../src/config/flags.ts";
import { type Logger, silent } from "../src/logger.ts";
import { type Server, startServer } from "../src/server/server.ts";
import { defer } from "./defer.ts";

/** What the flags of `tidings serve` come to. */
export function configOf(...flags: string[]): Config {
  const command = withServeOptions(new Command().exitOverride().configureOutput({ writeErr() {} }));
  return readConfig(command.parse(flags, { from: "user" }));
}

/** Starts the hub that the flags describe, on a free port; it is stopped after the test. */
export async function startConfigured(flags: readonly string[], logger: Logger = silent): Promise<Server> {
  const server = await startServer(configOf("--port", "0", ...flags), logger);
  defer(async () => {
    await server.broker.close();
    await server.stop();
  });
  return server;
}
