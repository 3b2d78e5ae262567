/** A flag, value or file is wrong, or some of them are together. The message is one line for people. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The file that a flag names can't be read, for this reason. */
export function unreadable(flag: string, file: string, error: unknown): ConfigError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = code === "ENOENT" ? "there is no such file" : String(code ?? error);
  return new ConfigError(`can't read ${flag} ${file}: ${reason}`);
}
