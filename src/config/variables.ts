import { Command, type Option } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { ConfigError } from "./config-error.ts";

const PREFIX = "TIDINGS_";
const ON = ["1", "true", "yes", "on"];
const OFF = ["", "0", "false", "no", "off"];

/** A command whose flags all have environment variables: `--keep-alive` has TIDINGS_KEEP_ALIVE. */
export class CommandWithVariables extends Command {
  override addOption(option: Option): this {
    return super.addOption(option.env(PREFIX + option.name().toUpperCase().replaceAll("-", "_")));
  }
}

/**
 * Interprets the variables of flags without a value: true or false. Commander only tests whether a variable
 * is set, so TIDINGS_OPEN=false would open the hub.
 *
 * @throws ConfigError when a variable is neither true nor false
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

/** Variables that Kubernetes sets in each container when there is a service with the name `tidings`. */
const SERVICE_LINK = /^TIDINGS_(SERVICE_HOST|SERVICE_PORT.*|PORT_\d+_(TCP|UDP).*)$/;

/**
 * Removes TIDINGS_PORT when Kubernetes has set it for a service with the name `tidings`. Then it is the
 * address of another hub, such as `tcp://10.0.0.1:80`.
 */
export function dropServiceLink(env: NodeJS.ProcessEnv): void {
  if (env["TIDINGS_PORT"]?.startsWith("tcp://")) delete env["TIDINGS_PORT"];
}

/** Finds unknown variables with the prefix of Tidings. Each gets one line, with the name that was probably meant. */
export function unknownVariables(commands: readonly Command[], env: NodeJS.ProcessEnv): string[] {
  const known = commands.flatMap(({ options }) => options.flatMap(({ envVar }) => envVar ?? []));
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && !known.includes(name) && !SERVICE_LINK.test(name),
  );
  return unknown.map((name) => {
    const meant = closest(name, known);
    // At most half of the name may differ.
    const isNear = distance(name, meant) <= (name.length - PREFIX.length) / 2;
    return `${name} is no variable that tidings knows${isNear ? `; is ${meant} meant?` : ""}`;
  });
}
