/**
 * What one publish costs, step by step: a bare server of this runtime, one of Elysia, one that makes the
 * hub's checks too, and the hub in dist/tidings. Each takes the same requests in turn, freshly started and warmed up. Figures are the
 * servers' own CPU time, medians over the rounds; ratios are of one round each, so that they hold on a
 * machine that does other things too.
 *
 *   bun scripts/measure/ladder.ts [ROUNDS]
 */
import { groupsWithin, named } from "./cases.ts";
import { measure } from "./measure.ts";
import { steps, tidings } from "./servers.ts";

const rounds = Number(process.argv[2] ?? 5);
const publishing = named(groupsWithin(0, "1"), "publishing, 32 connections")[0]?.cases[0];
if (!publishing) throw new Error("there is no such case");

const ladder = [...steps, tidings].map((server) => ({ server, costs: [] as number[] }));
for (let round = 0; round < rounds; round++) {
  for (const { server, costs } of ladder) {
    const { perCpuSecond = Number.NaN } = await measure(server, publishing);
    costs.push(1e6 / perCpuSecond);
  }
}
const first = ladder[0]?.costs ?? [];
for (const { server, costs } of ladder) {
  const rate = median(costs.map((cost, round) => (first[round] ?? Number.NaN) / cost));
  console.log(
    `${server.name.padEnd(8)} ${median(costs).toFixed(1)} µs a publish, rate ${rate.toFixed(2)} of the first`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
