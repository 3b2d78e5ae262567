import { Command, CommanderError } from "commander";
import { CliError, EXIT_USAGE } from "./cli/error.ts";
import { version } from "./version.ts";

// Commands are loaded when they are picked, so that one does not pay for what another needs.
const program = new Command("tidings")
  .description("Push live events to browsers and programs over Server-Sent Events.")
  .version(version)
  .showHelpAfterError("(add --help for what it accepts)")
  .exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its line; --help and --version end here too, with code 0.
    process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  }
  if (error instanceof CliError) {
    console.error(`tidings: ${error.message}`);
    process.exit(error.exitCode);
  }
  throw error;
}
