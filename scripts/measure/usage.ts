/** What processes have used so far. */
export interface Usage {
  /** Time on a processor, in seconds. */
  readonly cpu: number;
  /** Memory that they hold, in bytes. */
  readonly memory: number;
}

/** Reads it, for all of the processes together. */
export async function usageOf(pids: readonly number[]): Promise<Usage> {
  const all = await Promise.all(pids.map(process.platform === "linux" ? fromProc : fromPs));
  return {
    cpu: all.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: all.reduce((sum, { memory }) => sum + memory, 0),
  };
}

async function fromProc(pid: number): Promise<Usage> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  // The name before it is in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  // Not from stat: there it is in pages, which are not 4 KiB everywhere.
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return { cpu: ticks / 100, memory: Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024 };
}

async function fromPs(pid: number): Promise<Usage> {
  const line = await Bun.$`ps -o time=,rss= -p ${pid}`.quiet().text();
  const [time = "", kilobytes = "0"] = line.trim().split(/\s+/);
  const cpu = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpu, memory: Number(kilobytes) * 1024 };
}

/** What this process and its workers have used of the processors so far, in seconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
