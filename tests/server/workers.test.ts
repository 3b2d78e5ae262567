import { expect, spyOn, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWorkers } from "../../src/server/workers.ts";
import { configOf } from "../configured.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";

/**
 * Stands for a worker: each life of it leaves a file. The first and the third serve; the first and the second end
 * when they are told to, by another file.
 */
const WORKER = `
import { existsSync, readdirSync, writeFileSync } from "node:fs";
const folder = process.argv[2];
const life = readdirSync(folder).filter((name) => name.startsWith("life-")).length + 1;
writeFileSync(folder + "/life-" + life, "");
if (life !== 2) process.send({ report: "ready", url: "http://localhost", hasKeys: false });
for (const end of ["message", "disconnect"]) process.on(end, () => process.exit(0));
while (!existsSync(folder + "/end-" + life)) await Bun.sleep(1);
process.exit(1);
`;

test.skipIf(process.platform !== "linux")(
  "a worker that ends before it serves, however late, is started again once",
  async () => {
    const folder = emptyFolder();
    const script = join(emptyFolder(), "worker.ts");
    writeFileSync(script, WORKER);
    const lines: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (_: object, line: string) => lines.push(line) };
    const config = configOf("--port", "0", "--workers", "1", "--drain", "0");
    const workers = await startWorkers(config, logger, [process.execPath, script, folder]);
    writeFileSync(join(folder, "end-1"), "");
    await until(() => existsSync(join(folder, "life-2")));
    const { now } = performance;
    const later = spyOn(performance, "now").mockImplementation(() => now.call(performance) + 3_600_000);
    defer(() => later.mockRestore());
    writeFileSync(join(folder, "end-2"), "");
    await until(() => existsSync(join(folder, "life-3")));
    expect(lines).toEqual(["worker ended; it is started again", "worker not started again"]);
    await workers.stop();
    expect(readdirSync(folder).filter((name) => name.startsWith("life-")).length).toBe(3);
  },
);
