import { cpus, release, totalmem, type } from "node:os";
import type { Case } from "./cases.ts";
import type { Result } from "./measure.ts";

/** The medians of a case, one result a server. */
export interface Row {
  readonly case: Case;
  readonly results: ReadonlyMap<string, Result>;
}

/** The middle of each figure over the rounds. What was lost is the most that was. */
export function medianOf(rounds: readonly Result[]): Result {
  const middle = (figure: (result: Result) => number | undefined) => {
    const values = rounds.map(figure).filter((value) => value !== undefined);
    return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  };
  return {
    perCpuSecond: middle(({ perCpuSecond }) => perCpuSecond),
    perSecond: middle(({ perSecond }) => perSecond) ?? 0,
    p99: middle(({ p99 }) => p99),
    memoryPerClient: middle(({ memoryPerClient }) => memoryPerClient),
    lost: Math.max(...rounds.map(({ lost }) => lost)),
  };
}

/** The machine on which it was measured, in a line. */
export function machine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${memory}, ${type()} ${release()}, Bun ${Bun.version}`;
}

/** A table in Markdown: a line for each case and server. */
export function table(rows: readonly Row[], reference: string): string {
  const lines = [
    `| case | server | per second of its CPU | × ${reference} | per second | p99 | memory a client | lost |`,
    "|---|---|--:|--:|--:|--:|--:|--:|",
  ];
  for (const { case: one, results } of rows) {
    const base = results.get(reference)?.perCpuSecond;
    for (const [name, result] of results) {
      const { perCpuSecond, perSecond, p99, memoryPerClient, lost } = result;
      const cells = [
        one.name,
        name,
        shown(perCpuSecond, whole),
        shown(perCpuSecond && base && perCpuSecond / base, (ratio) => ratio.toFixed(2)),
        whole(perSecond),
        shown(p99, (time) => `${time.toPrecision(3)} ms`),
        shown(memoryPerClient, (bytes) => `${(bytes / 1024).toFixed(1)} KiB`),
        whole(lost),
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  return lines.join("\n");
}

function shown(value: number | undefined, format: (value: number) => string): string {
  return value === undefined || !Number.isFinite(value) ? "–" : format(value);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
