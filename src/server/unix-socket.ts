import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";

/** Owner and group may connect: a proxy in front runs as somebody else. */
const MODE = 0o660;

/**
 * Removes a socket that a server left behind when it was killed.
 *
 * @returns why nobody can listen there, if that is so.
 */
export async function clearStaleSocket(path: string): Promise<string | undefined> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (!stats.isSocket()) return "there is a file that is no socket";
  if (await isAnswered(path)) return "another program listens there";
  unlinkSync(path);
  return undefined;
}

export function restrictSocket(path: string): void {
  chmodSync(path, MODE);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
  });
}
