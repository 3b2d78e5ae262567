import { Command, CommanderError } from "commander";
import { catalog } from "./cli/catalog.ts";
import { CliError, EXIT_USAGE } from "./cli/error.ts";
import { init } from "./cli/init.ts";
import { listen } from "./cli/listen.ts";
import { publish } from "./cli/publish.ts";
import { serve } from "./cli/serve.ts";
import { token } from "./cli/token.ts";
import { ConfigError } from "./config/config-error.ts";
import { settleSwitches } from "./config/variables.ts";
import { version } from "./version.ts";

const program = new Command("tidings")
  .description("Push live events to browsers and programs over Server-Sent Events.")
  .version(version)
  .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
  .exitOverride()
  .hook("preSubcommand", (_, command) => settleSwitches(command));

for (const command of [serve, publish, listen, catalog, init, token]) {
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its line; --help and --version end here too, with code 0.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  if (!(error instanceof CliError || error instanceof ConfigError)) throw error;
  console.error(`tidings: ${error.message}`);
  process.exit(error instanceof CliError ? error.exitCode : EXIT_USAGE);
}

/** Commander's complaint and its suggestion, in one line. */
function oneLine(text: string): string {
  return `${text
    .trim()
    .replace(/^error: /, "tidings: ")
    .replaceAll("\n", " ")}\n`;
}
