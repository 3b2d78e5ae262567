import { rm } from "node:fs/promises";
import type { Address, Running } from "./server.ts";
import { familyOf } from "./usage.ts";

export const HOST = "127.0.0.1";

/** How a hub is started. */
interface Start {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly address: Address;
  /** It writes to its output when it is ready, and not before; else it is when its port takes connections. */
  readonly saysWhenReady?: true;
}

/** Starts a hub. Resolves when it is ready. @throws Error when it ends before. */
export async function run({ command, env, address, saysWhenReady }: Start): Promise<Running> {
  const child = Bun.spawn([...command], {
    stdio: ["ignore", saysWhenReady ? "pipe" : "ignore", "inherit"],
    env: { ...process.env, ...env },
  });
  const stop = async () => {
    const family = familyOf([child.pid]);
    // All are stopped before the first is killed, so that none sees another go and does something about it.
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
      for (const pid of family) sendIfThere(pid, signal);
    }
    await child.exited;
  };
  const ended = child.exited.then((code) => {
    throw new Error(`${command[0]} ended with code ${code}`);
  });
  ended.catch(() => {});
  const ready = child.stdout ? untilOutput(child.stdout) : untilListening(address.hostname, address.port);
  try {
    await Promise.race([ready, ended]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, pids: [child.pid], stop };
}

/** Removes the folder when what runs in it has stopped, or did not start. */
export async function inFolder(folder: string, start: () => Promise<Running>): Promise<Running> {
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const running = await start();
    return { ...running, stop: () => running.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A port that is free now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: HOST, port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function sendIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** What comes after the first output is read too, or the pipe would fill up. */
function untilOutput(output: ReadableStream<Uint8Array>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  void output.pipeTo(new WritableStream({ write: () => resolve() })).catch(() => {});
  return promise;
}

/** Resolves when the port takes connections. @throws Error after ten seconds. */
async function untilListening(hostname: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      const socket = await Bun.connect({ hostname, port, socket: { data() {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(50);
    }
  }
  throw new Error(`nothing listens on ${hostname} port ${port}`);
}
