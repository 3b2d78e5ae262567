import type { Case, Group } from "./cases.ts";
import { measure, type Result } from "./measure.ts";
import type { Table } from "./report.ts";
import type { Server } from "./server.ts";

export interface Turns {
  readonly tables: readonly Table[];
  /** Why a figure is not there. */
  readonly missing: readonly string[];
  /** Something could not be measured that should have been. */
  readonly failed: boolean;
}

/**
 * Measures all cases of a group in every round, and in each case all servers that can do it.
 *
 * @param clientLimit how many clients one process can be.
 */
export async function takeTurns(
  groups: readonly Group[],
  servers: readonly Server[],
  rounds: number,
  clientLimit: number,
  progress: (text: string) => void,
): Promise<Turns> {
  const missing = new Set(servers.flatMap((server) => leftOut(server, groups)));
  let failed = false;
  let done = 0;
  const total = rounds * groups.flatMap(({ cases }) => cases.flatMap((one) => able(servers, one))).length;
  const tables: Table[] = [];
  for (const group of groups) {
    const rows = group.cases.map((one) => ({
      case: one,
      servers: new Map(
        able(servers, one).map((server): [string, (Result | undefined)[]] => [server.name, []]),
      ),
    }));
    tables.push({ group, rows });
    for (let round = 1; round <= rounds; round++) {
      for (const row of rows) {
        for (const server of able(servers, row.case)) {
          progress(`[${++done}/${total}] ${row.case.name}, round ${round}: ${server.name}`);
          row.servers.get(server.name)?.push(await attempt(server, row.case));
        }
      }
    }
  }
  return { tables, missing: [...missing], failed };

  /** One that fails costs its own figure only: the others took minutes. */
  async function attempt(server: Server, one: Case): Promise<Result | undefined> {
    try {
      return await measure(server, one, clientLimit);
    } catch (error) {
      failed = true;
      missing.add(
        `${server.name} failed at "${one.name}": ${error instanceof Error ? error.message : error}`,
      );
      return undefined;
    }
  }
}

function able(servers: readonly Server[], one: Case): Server[] {
  return servers.filter((server) => !lacks(server, one));
}

/** What the server has no part in, a line for each feature that it lacks. */
function leftOut(server: Server, groups: readonly Group[]): string[] {
  const lines = Map.groupBy(
    groups.flatMap(({ cases }) => cases),
    (one) => lacks(server, one),
  );
  lines.delete(undefined);
  return [...lines].map(([feature, cases]) => {
    const names = cases.map(({ name }) => JSON.stringify(name)).join(", ");
    return `${server.name} has no ${feature}: left out of ${names}.`;
  });
}

function lacks(server: Server, one: Case): string | undefined {
  return one.needs.find((feature) => !server.features.includes(feature));
}
