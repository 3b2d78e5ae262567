import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { defer } from "../../defer.ts";
import { emptyFolder } from "../../folder.ts";
import { freePort } from "../../free-port.ts";
import { until } from "../../until.ts";

/** The servers to test with: TIDINGS_TEST_REDIS may name several, with a colon between. */
export const redisPrograms: readonly string[] = (
  process.env["TIDINGS_TEST_REDIS"] ??
  Bun.which("redis-server") ??
  ""
)
  .split(":")
  .filter((path) => path !== "");

export const redisProgram = redisPrograms[0];

export interface RunningRedis {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly process: Bun.Subprocess;
  /** Ends it with kill -9, unless another signal is named. */
  kill(signal?: NodeJS.Signals | number): Promise<void>;
  /** Starts it again on its port, with what it has on disk. */
  restart(): Promise<RunningRedis>;
}

export interface RedisOptions {
  readonly program?: string;
  readonly port?: number;
  readonly folder?: string;
  readonly args?: readonly string[];
}

/** Runs a server of the test's own, on loopback, which the test's end ends. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const { program = redisProgram, port = freePort(), folder = emptyFolder(), args = [] } = options;
  if (program === undefined || !existsSync(program)) throw new Error(`no redis-server: ${program}`);
  const process = Bun.spawn(
    [
      // A file that may grow no more fails the write, as a full disk does, and does not end the process.
      ...["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"],
      ...[resolve(program), "--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder],
      ...["--repl-diskless-sync-delay", "0", "--daemonize", "no", ...args],
    ],
    { stdout: Bun.file(`${folder}/redis.log`), stderr: "ignore", stdin: "ignore" },
  );
  const kill = async (signal: NodeJS.Signals | number = "SIGKILL"): Promise<void> => {
    process.kill("SIGCONT");
    process.kill(signal);
    await process.exited;
  };
  defer(() => kill());
  await until(() => process.exitCode !== null || answers(port));
  if (process.exitCode !== null)
    throw new Error(`redis-server ended: ${await Bun.file(`${folder}/redis.log`).text()}`);
  return {
    ...{ port, folder, process, kill },
    url: `redis://127.0.0.1:${port}`,
    restart: () => startRedis({ program, port, folder, args }),
  };
}

/** Whether a server answers there, and has loaded what it has on disk. */
export async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.write("PING\r\n"),
        data(socket, data) {
          resolve(!data.toString().startsWith("-LOADING"));
          socket.end();
        },
        close: () => resolve(false),
        connectError: () => resolve(false),
      },
    });
    socket.catch(() => resolve(false));
  });
}
