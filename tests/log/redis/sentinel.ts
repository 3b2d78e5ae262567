import { killAfterwards } from "../../defer.ts";
import { emptyFolder } from "../../folder.ts";
import { freePort } from "../../free-port.ts";
import { until } from "../../until.ts";
import { answers, type RunningRedis, redisProgram } from "./redis-server.ts";

/** Runs a Sentinel that watches a master named `main`, and returns its port. The test's end ends it. */
export async function startSentinel(master: RunningRedis, lines: readonly string[] = []): Promise<number> {
  const port = freePort();
  const folder = emptyFolder();
  const first = [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`];
  const config = [...first, `sentinel monitor main 127.0.0.1 ${master.port} 1`, ...lines, ""];
  await Bun.write(`${folder}/sentinel.conf`, config.join("\n"));
  const command = [redisProgram ?? "", `${folder}/sentinel.conf`, "--sentinel"];
  killAfterwards(Bun.spawn(command, { stdout: "ignore", stderr: "ignore" }));
  await until(() => answers(port));
  return port;
}
