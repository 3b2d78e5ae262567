import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem, uptime } from "node:os";

/** How much of something is in use, and whether that is still well. */
export interface Check {
  readonly name: "load" | "memory" | "disk";
  /** 1 is all there is; the load may pass it. */
  readonly used: number;
  readonly healthy: boolean;
  readonly text: string;
}

/** What this machine says of itself at one moment. */
export interface Reading {
  readonly checks: readonly Check[];
  /** Values that go up and down. */
  readonly gauges: Readonly<Record<string, number>>;
}

/** Above this share of the memory or the disk, somebody should look. */
const MOST_USED = 0.9;

/** Reads load, memory and disk; the disk is the one of the working directory. */
export async function readMachine(): Promise<Reading> {
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  const processors = availableParallelism();
  const [memoryTotal, memoryFree] = [totalmem(), await availableMemory()];
  const { bsize, blocks, bavail } = await statfs(".");
  const [diskTotal, diskFree] = [blocks * bsize, bavail * bsize];
  const load = load1 / processors;
  return {
    checks: [
      {
        name: "load",
        used: load,
        healthy: load <= 1,
        text: `${load1.toFixed(2)} on ${processors} processors`,
      },
      share("memory", memoryTotal, memoryFree),
      share("disk", diskTotal, diskFree),
    ],
    gauges: {
      load1,
      load5,
      load15,
      memoryTotal,
      memoryFree,
      diskTotal,
      diskFree,
      processors,
      uptime: uptime(),
    },
  };
}

function share(name: "memory" | "disk", total: number, free: number): Check {
  const used = total > 0 ? 1 - free / total : 0;
  const text = `${gibibytes(total - free)} of ${gibibytes(total)} GiB used`;
  return { name, used, healthy: used <= MOST_USED, text };
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}

/** What programs could have; on Linux that is more than what is free, which caches make use of. */
async function availableMemory(): Promise<number> {
  const meminfo = Bun.file("/proc/meminfo");
  const text = (await meminfo.exists()) ? await meminfo.text() : "";
  const kibibytes = /^MemAvailable: +(\d+) kB$/m.exec(text)?.[1];
  return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
}
