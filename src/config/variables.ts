import { Command, type Option } from "commander";
import { ConfigError } from "./config-error.ts";

const ON = ["1", "true", "yes", "on"];
const OFF = ["", "0", "false", "no", "off"];

/** A command whose every flag has an environment variable: `--keep-alive` has TIDINGS_KEEP_ALIVE. */
export class CommandWithVariables extends Command {
  override addOption(option: Option): this {
    return super.addOption(option.env(`TIDINGS_${option.name().toUpperCase().replaceAll("-", "_")}`));
  }
}

/**
 * Reads the variables of flags without a value by what they say. Commander only looks whether they
 * are there, so that TIDINGS_OPEN=false would open the hub.
 *
 * @throws ConfigError when one says neither.
 */
export function settleSwitches(command: Command): void {
  for (const { envVar, required, optional } of command.options) {
    const value = envVar === undefined || required || optional ? undefined : process.env[envVar];
    if (envVar === undefined || value === undefined || ON.includes(value.toLowerCase())) continue;
    if (!OFF.includes(value.toLowerCase())) {
      throw new ConfigError(`${envVar} is ${JSON.stringify(value)}: set it to true or false`);
    }
    delete process.env[envVar];
  }
}
