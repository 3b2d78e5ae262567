import { stat } from "node:fs/promises";
import type { Logger } from "./logger.ts";

/** How often files are looked at for a change, in ms. */
const LOOK_INTERVAL_MS = 250;

/** What is loaded from files that change while the program runs. */
export interface FileSource<T> {
  /** Such as `certificate`: the log's word for it. */
  readonly name: string;
  /** The files that it is made of, asked for before each time it is loaded. */
  files(): readonly string[] | Promise<readonly string[]>;
  /** @throws when a file is no good. */
  load(): T | Promise<T>;
  /** Puts what was loaded in force. */
  take(value: T): void;
}

interface Followed {
  readonly name: string;
  /** Loads it and puts it in force. */
  readonly load: () => Promise<void>;
  readonly find: () => Promise<readonly string[]>;
  files: readonly string[];
  /** What the files were like just before they were loaded. */
  loaded: string;
  /** What they were like at the last look, if they were not like that any more. */
  changed: string | undefined;
}

/**
 * Takes up files when they change, and when it is told to. One that is no good leaves in force what
 * there was, and is told of in the log; the next change of it is another try.
 *
 * It looks at files by itself rather than asking the system to tell: that knows every way to save (in
 * place, by rename, by a link that points elsewhere) and every file system. A change is taken up when
 * two looks find the same, so that a file which is being written is not read by half.
 */
export class FollowedFiles {
  readonly #logger: Logger;
  readonly #followed: Followed[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** One thing after the other: a look, a reload. */
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Loads it for the first time. @throws what `load` throws; then it is not followed. */
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

  /** Loads everything again, changed or not. Resolves when all is taken up, or was told of in the log. */
  reload(): Promise<void> {
    return this.#queue(async () => {
      for (const followed of this.#followed) await this.#again(followed);
    });
  }

  /** Begins to look for changes. */
  start(): void {
    if (this.#followed.length > 0) this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.#queue(() => this.#look());
      if (!this.#stopped) this.#schedule();
    }, LOOK_INTERVAL_MS);
    // It is not what keeps the program running.
    this.#timer.unref();
  }

  #queue(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step);
    return this.#turn;
  }

  async #look(): Promise<void> {
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
  // Before it is read: what is written meanwhile is another change.
  followed.loaded = await stateOf(followed.files);
  followed.changed = undefined;
  await followed.load();
}

/** A text that changes with every change of the files. */
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
