import { stat } from "node:fs/promises";

/** How often files are looked at for a change, in ms. */
const LOOK_EVERY = 500;

/** A text that changes with every change of the files. */
export async function stateOf(files: readonly string[]): Promise<string> {
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

/**
 * Calls `look` again and again, each time some while after the last was done. It is to look at files
 * by itself rather than to ask the system to tell: that knows every way to save (in place, by rename,
 * by a link that points elsewhere) and every file system.
 *
 * @returns a function that stops it.
 */
export function keepLooking(look: () => Promise<void>): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout>;
  const again = () => {
    timer = setTimeout(async () => {
      await look();
      if (!stopped) again();
    }, LOOK_EVERY);
    // It is not what keeps the program running.
    timer.unref();
  };
  again();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
