import { Command, type Option } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { ConfigError } from "./config-error.ts";

const PREFIX = "TIDINGS_";
const ON = ["1", "true", "yes", "on"];
const OFF = ["", "0", "false", "no", "off"];

/** A command whose every flag has an environment variable: `--keep-alive` has TIDINGS_KEEP_ALIVE. */
export class CommandWithVariables extends Command {
  override addOption(option: Option): this {
    return super.addOption(option.env(PREFIX + option.name().toUpperCase().replaceAll("-", "_")));
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

/** What Kubernetes sets in every container beside a service with the name `tidings`. */
const SERVICE_LINK = /^TIDINGS_(SERVICE_HOST|SERVICE_PORT.*|PORT_\d+_(TCP|UDP).*)$/;

/**
 * Takes TIDINGS_PORT away where Kubernetes has set it for a service with the name `tidings`: it is
 * an address such as `tcp://10.0.0.1:80` then, and about another hub.
 */
export function dropServiceLink(env: NodeJS.ProcessEnv): void {
  if (env["TIDINGS_PORT"]?.startsWith("tcp://")) delete env["TIDINGS_PORT"];
}

/** Finds the variables that look like Tidings' own and are none, each in a line that says which was meant. */
export function unknownVariables(commands: readonly Command[], env: NodeJS.ProcessEnv): string[] {
  const known = commands.flatMap(({ options }) => options.flatMap(({ envVar }) => envVar ?? []));
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && !known.includes(name) && !SERVICE_LINK.test(name),
  );
  return unknown.map((name) => {
    const meant = closest(name, known);
    // As far as half of the name is another one's.
    const isNear = distance(name, meant) <= (name.length - PREFIX.length) / 2;
    return `${name} is no variable that tidings knows${isNear ? `; is ${meant} meant?` : ""}`;
  });
}
