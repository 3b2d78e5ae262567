import { readdirSync, readFileSync } from "node:fs";

/** What processes have used so far. */
export interface Usage {
  /** Time on a processor, in seconds. */
  readonly cpu: number;
  /** Memory that they hold, in bytes. Where the system tells, what some of them share counts once. */
  readonly memory: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Its own time, and that of those it started which have ended, in seconds. */
  readonly cpu: number;
}

/** Reads it, for the processes and all that they started together. @throws Error when one isn't there. */
export async function usageOf(pids: readonly number[]): Promise<Usage> {
  const processes = listProcesses();
  const family = familyOf(pids, processes);
  const missing = pids.find((pid) => !family.includes(pid));
  if (missing !== undefined) throw new Error(`process ${missing} has ended`);
  const cpu = family.reduce((sum, pid) => sum + (processes.get(pid)?.cpu ?? 0), 0);
  const memory = family.reduce((sum, pid) => sum + memoryOf(pid), 0);
  return { cpu, memory };
}

/** Those that run of the processes and all that they started, parents before children. */
export function familyOf(pids: readonly number[], processes = listProcesses()): number[] {
  const family = new Set(pids.filter((pid) => processes.has(pid)));
  // A set's iteration meets what is added to it on the way.
  for (const parent of family) {
    for (const { pid, parent: its } of processes.values()) if (its === parent) family.add(pid);
  }
  return [...family];
}

const isLinux = process.platform === "linux";

function listProcesses(): ReadonlyMap<number, Process> {
  const list = isLinux ? listFromProc() : listFromPs();
  return new Map(list.map((one) => [one.pid, one]));
}

function listFromProc(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      const stat = readIfThere(`/proc/${name}/stat`);
      // The name before it is in brackets, and may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      return { pid: Number(name), parent: Number(fields[1]), cpu: ticks / 100 };
    })
    .filter(({ parent }) => !Number.isNaN(parent));
}

function listFromPs(): Process[] {
  return ps("-A", "-o", "pid=,ppid=,time=").map(([pid, parent, time = ""]) => {
    const cpu = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
    return { pid: Number(pid), parent: Number(parent), cpu };
  });
}

function memoryOf(pid: number): number {
  if (!isLinux) return Number(ps("-o", "rss=", "-p", String(pid))[0]?.[0] ?? 0) * 1024;
  // Of a page that several processes share each has its part, so that the sum is what they hold.
  const rollup = readIfThere(`/proc/${pid}/smaps_rollup`);
  // Another user's can't be read: then all of its pages count.
  const text = rollup || readIfThere(`/proc/${pid}/status`);
  return Number(/^(?:Pss|VmRSS):\s*(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

function ps(...args: string[]): string[][] {
  const { stdout } = Bun.spawnSync(["ps", ...args]);
  const lines = stdout.toString().trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/));
}

/** Empty when the process has ended, or is not to be looked at. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
