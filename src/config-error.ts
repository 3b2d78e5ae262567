/** A flag, value or file is wrong, or some of them are together. The message is one line for people. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
