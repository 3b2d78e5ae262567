import { rmSync } from "node:fs";
import { type FileHandle, link, lstat, open, rm } from "node:fs/promises";
import { constants } from "node:os";
import { basename, dirname, join } from "node:path";
import { reasonOf } from "../config/config-error.ts";
import { CommandWithVariables } from "../config/variables.ts";
import { BACKUP_TYPE } from "../protocol/backup.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";
import { notesAndExamples } from "./help.ts";
import {
  ask,
  connectionOf,
  defaultUrlOption,
  type HubOptions,
  lostHub,
  tokenOption,
} from "./hub-connection.ts";
import { notice } from "./output.ts";

export const backup = new CommandWithVariables("backup")
  .description("Write a consistent copy of a running hub's events to a file.")
  .argument("<file>", "new file, whose name ends in .db")
  .addOption(defaultUrlOption())
  .addOption(tokenOption())
  .addHelpText("after", ({ command }) =>
    notesAndExamples(
      command,
      "It takes the key of an administrator. The copy contains private events, and only\nyou can read it. A hub opens it with --store.",
      ["tidings backup events-$(date +%F).db", "tidings serve --store events-2026-01-31.db"],
    ),
  )
  .action(run);

async function run(path: string, options: HubOptions): Promise<void> {
  if (!/[^/\\]\.db$/.test(path))
    throw new CliError(`${path} does not end in .db, as the file of a store does`);
  // The file could be the store of the running hub.
  if (await exists(path)) throw new CliError(`${path} exists already, and is not overwritten`);
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}`);
  const file = await create(aside);
  const forget = removeAtSignals(aside);
  try {
    const size = await download(options, file);
    await file.sync();
    // Unlike a rename, a link never replaces another file.
    await link(aside, path);
    if (process.stderr.isTTY) notice(`${path} holds ${(size / 1024 ** 2).toFixed(1)} MiB`);
  } catch (error) {
    throw error instanceof CliError ? error : new CliError(`can't write ${path}: ${reasonOf(error)}`);
  } finally {
    await file.close();
    await rm(aside, { force: true });
    forget();
  }
}

async function download(options: HubOptions, file: FileHandle): Promise<number> {
  const connection = connectionOf(options);
  const { body, headers } = await ask(connection, "backup", { timeout: undefined });
  if (!body || headers.get("content-type") !== BACKUP_TYPE) {
    throw new CliError(`${options.url} answered with something else than a backup`, EXIT_UNAVAILABLE);
  }
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw lostHub(options, error);
    });
    if (done) return size;
    await file.writeFile(value);
    size += value.length;
  }
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    throw new CliError(`can't write to ${dirname(path)}: ${reasonOf(error)}`);
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Removes an incomplete copy when a signal ends the program. Returns a function that undoes this. */
function removeAtSignals(path: string): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = (signal: NodeJS.Signals) => {
    rmSync(path, { force: true });
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}
