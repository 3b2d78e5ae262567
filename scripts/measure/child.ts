import { rm } from "node:fs/promises";
import type { Address, Running } from "./server.ts";
import { familyOf } from "./usage.ts";

export const HOST = "127.0.0.1";

/** How a hub is started. */
export interface Start<Where = Address> {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly address: Where;
  /** It writes to its output when it is ready, and not before; else it is when its port takes connections. */
  readonly saysWhenReady?: true;
  /** A path that is answered with 200 when it is ready, and not before. */
  readonly readyAt?: string;
}

/** A program that runs. */
export interface Launched {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a hub. Resolves when it is ready. @throws Error when it ends before. */
export async function run(start: Start): Promise<Running> {
  const { pid, stop } = await launch(start);
  return { address: start.address, pids: [pid], stop };
}

/** Ends them all, the last one first. */
export async function stopAll(launched: readonly Launched[]): Promise<void> {
  for (const { stop } of launched.toReversed()) await stop();
}

/** Starts a program that listens. Resolves when it is ready. @throws Error when it ends before. */
export async function launch({
  command,
  env,
  address,
  saysWhenReady,
  readyAt,
}: Start<Pick<Address, "hostname" | "port">>): Promise<Launched> {
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
  const listens = child.stdout ? untilOutput(child.stdout) : untilListening(address.hostname, address.port);
  try {
    await Promise.race([listens, ended]);
    if (readyAt) await Promise.race([untilOk(`http://${address.hostname}:${address.port}${readyAt}`), ended]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid, stop };
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

/** Resolves when the URL is answered with 200. @throws Error after ten seconds. */
async function untilOk(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await fetch(url)).ok) return;
    await Bun.sleep(50);
  }
  throw new Error(`${url} is not answered with 200`);
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
