import { stat } from "node:fs/promises";
import type { Logger } from "./logger.ts";

/** The time between two checks of the files, in ms. */
const CHECK_INTERVAL_MS = 250;

/** Something that is loaded from files, and loaded again when they change. */
export interface FileSource<T> {
  /** Its name in the log, such as `certificate`. */
  readonly name: string;
  /** Its files. Called before each load. */
  files(): readonly string[] | Promise<readonly string[]>;
  /** @throws when a file can't be used */
  load(): T | Promise<T>;
  /** Uses the loaded value from now on. */
  take(value: T): void;
}

interface Followed {
  readonly name: string;
  /** Loads the value, and uses it. */
  readonly load: () => Promise<void>;
  readonly find: () => Promise<readonly string[]>;
  files: readonly string[];
  /** The state of the files just before they were loaded. */
  loaded: string;
  /** The state of the files at the last check, if it has changed since the load. */
  changed: string | undefined;
}

/**
 * Loads files again when they change, and on request. When a load fails, the earlier value stays in use and
 * the log reports the failure. The next change is another try.
 *
 * It polls the files, because events of the system miss some ways to save (by rename, by a link that points
 * elsewhere) and some file systems. A change counts when two checks find the same state, so that a file is
 * not read while it is being written.
 */
export class FollowedFiles {
  readonly #logger: Logger;
  readonly #followed: Followed[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The checks and reloads, one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Loads a source for the first time. @throws the error of `load`; then the source is not followed. */
  async follow<T>(source: FileSource<T>): Promise<void> {
    const followed: Followed = {
      name: source.name,
      find: async () => source.files(),
      load: async () => source.take(await source.load()),
      files: [],
      loaded: "",
      changed: undefined,
    };
    await load(followed);
    this.#followed.push(followed);
  }

  /** Loads everything again, changed or not. Resolves when all is loaded, or failed and logged. */
  reload(): Promise<void> {
    return this.#queue(async () => {
      for (const followed of this.#followed) await this.#again(followed);
    });
  }

  /** Begins to check for changes. */
  start(): void {
    if (this.#followed.length > 0) this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.#queue(() => this.#check());
      if (!this.#stopped) this.#schedule();
    }, CHECK_INTERVAL_MS);
    // The timer must not keep the program running.
    this.#timer.unref();
  }

  #queue(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step);
    return this.#turn;
  }

  async #check(): Promise<void> {
    for (const followed of this.#followed) {
      const state = await stateOf(followed.files);
      const isSettled = state === followed.changed;
      followed.changed = state === followed.loaded ? undefined : state;
      if (isSettled && followed.changed !== undefined) await this.#again(followed);
    }
  }

  async #again(followed: Followed): Promise<void> {
    if (this.#stopped) return;
    try {
      await load(followed);
      this.#logger.info({ files: followed.files }, `${followed.name} loaded again`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.error(
        { files: followed.files, error: reason },
        `${followed.name} not loaded again, what was in force stays`,
      );
    }
  }
}

async function load(followed: Followed): Promise<void> {
  followed.files = await followed.find();
  // The state is taken before the load: a change during the load is another change.
  followed.loaded = await stateOf(followed.files);
  followed.changed = undefined;
  await followed.load();
}

/** A text that differs after every change of the files. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = files.map(async (file) => {
    try {
      const { ino, size, mtimeNs } = await stat(file, { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch {
      return "missing";
    }
  });
  return (await Promise.all(states)).join("\n");
}
