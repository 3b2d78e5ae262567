import { readFileSync } from "node:fs";

/** A flag, a value or a file is wrong, or a combination of them. The message is one line. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the file that a flag names.
 *
 * @throws ConfigError when it can't be read.
 */
export function readNamedFile(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`can't read ${flag} ${file}: ${reasonOf(error)}`);
  }
}

/** Describes an error of the system in plain words, such as a file that can't be read. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  return (code && REASONS[code]) ?? code ?? (error instanceof Error ? error.message : String(error));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is not a folder",
  EEXIST: "it is there already",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  EADDRINUSE: "another program listens there; --port takes another one",
  EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 stands for all that it has",
};
