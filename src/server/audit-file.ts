import { type FileHandle, open } from "node:fs/promises";
import { ConfigError, reasonOf } from "../config/config-error.ts";
import type { Publication } from "../http/publish/publications.ts";
import type { Logger } from "../logger.ts";

/** Who published what is nobody else's business. */
const MODE = 0o600;
/** How many bytes of lines may wait to be written. What comes while there are as many is lost, and counted. */
const MAX_WAITING_BYTES = 4 * 1024 ** 2;
/** How long to wait before a write that failed is tried again, in ms. */
const RETRY_MS = 1000;
/** How long the last lines may take when the hub stops, in ms. */
const LAST_WRITES_MS = 2000;

/**
 * A file with a line of JSON for every event that was taken: who, what, where, when, and never the data.
 *
 * Publishers don't wait for it. Lines are gathered while others are written, in order and by another
 * thread. While the file takes none, as on a full disk, they wait up to a bound; beyond that they are
 * lost, the log says so, and the file has a line that says how many once it takes lines again. The
 * events themselves are taken all the same.
 */
export class AuditFile {
  readonly #path: string;
  readonly #logger: Logger;
  #file: FileHandle;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** Since the last line that told of it. */
  #lost = 0;
  /** Ends when no line waits any more. */
  #writing: Promise<void> | undefined;
  /** The one write of it that is under way. */
  #write: Promise<unknown> | undefined;
  #closing = false;

  private constructor(path: string, file: FileHandle, logger: Logger) {
    this.#path = path;
    this.#file = file;
    this.#logger = logger;
  }

  /** @throws ConfigError when it can't be written to. */
  static async open(path: string, logger: Logger): Promise<AuditFile> {
    try {
      return new AuditFile(path, await openFile(path), logger);
    } catch (error) {
      throw new ConfigError(`can't write to --audit ${path}: ${reasonOf(error)}`);
    }
  }

  add(publication: Publication): void {
    const line = `${JSON.stringify({ time: new Date(), ...publication })}\n`;
    const bytes = Buffer.byteLength(line);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      if (this.#lost++ === 0) this.#logger.error({ file: this.#path }, "audit lines are lost, too many wait");
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Goes on in the file that has the name now: the one before was moved aside. */
  async reopen(): Promise<void> {
    try {
      const file = await openFile(this.#path);
      const old = this.#file;
      this.#file = file;
      await this.#write?.catch(() => {});
      await old.close();
      this.#logger.info({ file: this.#path }, "audit file opened again");
    } catch (error) {
      const reason = reasonOf(error);
      this.#logger.error(
        { file: this.#path, error: reason },
        "audit file not opened again, the old one stays",
      );
    }
  }

  /** Writes what waits, unless that can't be done now. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.race([this.#writing, Bun.sleep(LAST_WRITES_MS)]);
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    // Lines of one turn are written together.
    await Bun.sleep(0);
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      const text = lines.join("");
      await this.#insist(Buffer.from(text));
      this.#waitingBytes -= Buffer.byteLength(text);
      if (this.#lost > 0 && !this.#closing) {
        this.#waiting.push(`${JSON.stringify({ time: new Date(), lost: this.#lost })}\n`);
        this.#lost = 0;
      }
    }
  }

  /** Writes all of the lines, however often that takes. When the hub stops, it is tried once more. */
  async #insist(lines: Buffer): Promise<void> {
    let file = this.#file;
    for (let done = 0; done < lines.length; ) {
      if (file !== this.#file) {
        file = this.#file;
        // The other file begins with a whole line.
        done = done === 0 ? 0 : lines.lastIndexOf("\n", done - 1) + 1;
      }
      try {
        const write = file.write(lines, done);
        this.#write = write;
        done += (await write).bytesWritten;
      } catch (error) {
        this.#logger.error({ file: this.#path, error: reasonOf(error) }, "audit lines not written");
        if (this.#closing) return;
        await Bun.sleep(RETRY_MS);
      }
    }
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, "a", MODE);
  // It may have been there, for others to read. A pipe or a terminal keeps its mode.
  if ((await file.stat()).isFile()) await file.chmod(MODE);
  return file;
}
