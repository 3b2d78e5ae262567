import { constants } from "node:os";
import { Command, CommanderError } from "commander";
import { backup } from "./cli/backup.ts";
import { catalog } from "./cli/catalog.ts";
import { completion } from "./cli/completion.ts";
import { CliError, EXIT_USAGE } from "./cli/error.ts";
import { withPlainWords } from "./cli/help.ts";
import { init } from "./cli/init.ts";
import { listen } from "./cli/listen.ts";
import { notice } from "./cli/output.ts";
import { publish } from "./cli/publish.ts";
import { serve } from "./cli/serve.ts";
import { token } from "./cli/token.ts";
import { ConfigError } from "./config/config-error.ts";
import { dropServiceLink, settleSwitches, unknownVariables } from "./config/variables.ts";
import { version } from "./version.ts";

const program = withPlainWords(new Command("tidings"))
  .description("Push live events to browsers and programs over Server-Sent Events.")
  .version(version)
  .exitOverride()
  .hook("preSubcommand", (_, command) => {
    settleSwitches(command);
    // A hub tells it in its log.
    if (command !== serve) unknownVariables(program.commands, process.env).forEach(notice);
  });

for (const command of [serve, publish, listen, catalog, init, token, backup, completion]) {
  program.addCommand(command.copyInheritedSettings(program));
}

dropServiceLink(process.env);
endAtSignals();
try {
  await program.parseAsync(words(process.argv.slice(2)), { from: "user" });
} catch (error) {
  // Commander has printed its line; --help and --version end here too, with code 0.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  if (!(error instanceof CliError || error instanceof ConfigError)) throw error;
  console.error(`tidings: ${error.message}`);
  process.exit(error instanceof CliError ? error.exitCode : EXIT_USAGE);
}

/**
 * What commander is to read. With --help or --version, or after `help`, it would pass over a word that is no
 * command. Alone, that word is refused, with the command that was probably meant.
 */
function words(all: readonly string[]): readonly string[] {
  const name = all.find((word) => !word.startsWith("-") && word !== "help");
  const known = program.commands.map((command) => command.name());
  return name === undefined || known.includes(name) ? all : [name];
}

/** The kernel keeps signals that nobody handles from process 1, which the one program of a container is. */
function endAtSignals(): void {
  if (process.pid !== 1) return;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // A command with a handler of its own ends as that says.
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}
