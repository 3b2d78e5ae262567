import { cpus, release, totalmem, type } from "node:os";
import type { Case, Group } from "./cases.ts";
import { columnsOf, type Rounds } from "./columns.ts";

/** A case that was measured: each server's rounds. */
export interface Row {
  readonly case: Case;
  readonly servers: ReadonlyMap<string, Rounds>;
}

/** A group that was measured. */
export interface Table {
  readonly group: Group;
  readonly rows: readonly Row[];
}

/** The machine on which it was measured, in a line. */
export function machine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${memory}, ${type()} ${release()}, Bun ${Bun.version}`;
}

/** A table in Markdown below its title: a line for each case and server. */
export function markdown({ group, rows }: Table): string {
  const [, beside] = new Set(rows.flatMap(({ servers }) => [...servers.keys()]));
  const columns = columnsOf(group, beside);
  const lines = [
    `**${group.title}**\n`,
    `| case | server | ${columns.map(({ heading }) => heading).join(" | ")} |`,
    `|---|---|${"--:|".repeat(columns.length)}`,
  ];
  for (const row of rows) {
    const base = rows.find((other) => other.case.name === row.case.base) ?? row;
    for (const [name, rounds] of row.servers) {
      const line = {
        case: row.case,
        rounds,
        beside: beside === undefined ? undefined : row.servers.get(beside),
        base: { case: base.case, rounds: base.servers.get(name) },
      };
      lines.push(`| ${[row.case.name, name, ...columns.map(({ cell }) => cell(line))].join(" | ")} |`);
    }
  }
  return lines.join("\n");
}

/** What the load generator took of the processors, so that nobody has to trust that it was little. */
export function loadOf(tables: readonly Table[]): string | undefined {
  const loads = tables
    .flatMap(({ rows }) => rows.flatMap(({ servers }) => [...servers.values()].flat()))
    .map((result) => result?.load)
    .filter((load) => load !== undefined);
  if (loads.length === 0) return undefined;
  const [least, most] = [Math.min(...loads), Math.max(...loads)];
  return `The load generator took ${least.toFixed(1)} to ${most.toFixed(1)} s of CPU for each of a server's.`;
}
