import type { Case, Group } from "./cases.ts";
import { figureOf, shown, whole } from "./figure.ts";
import type { Result } from "./measure.ts";
import type { Part } from "./server.ts";

/** What each round of a case found for one server; nothing where it failed. */
export type Rounds = readonly (Result | undefined)[];

/** What a line of a table is made of. */
export interface Line {
  readonly case: Case;
  readonly rounds: Rounds;
  /** The same case's of the server beside which the others are measured. */
  readonly beside: Rounds | undefined;
  /** The same server's of the case that this one is compared with. */
  readonly base: { readonly case: Case; readonly rounds: Rounds | undefined };
}

export interface Column {
  readonly heading: string;
  cell(line: Line): string;
}

type Value = (result: Result) => number | undefined;

const perCpuSecond: Value = (result) => result.perCpuSecond;
const perSecond: Value = (result) => result.perSecond;
const busy: Value = (result) =>
  result.perCpuSecond && result.perSecond && result.perSecond / result.perCpuSecond;
const kibibytes: Value = ({ memoryPerClient }) => memoryPerClient && memoryPerClient / 1024;
const alone: Value = ({ memoryAlone }) => memoryAlone && memoryAlone / 2 ** 20;

const byCpu = column("per second of its CPU", perCpuSecond, whole);
const byClock = column("per second", perSecond, whole);
const busyShare = column("busy", busy, (part) => whole(part * 100), " %");
const p99 = column("p99", (result) => result.p99, rounded, " ms");
const cpuEach = column("its CPU for each", (result) => each(result.perCpuSecond), rounded, " µs");
const lost: Column = {
  heading: "lost",
  cell: ({ rounds }) => {
    const found = rounds.filter((result) => result !== undefined);
    return found.length > 0 ? whole(Math.max(...found.map((result) => result.lost))) : "–";
  },
};
const memory = column("memory a client", kibibytes, (size) => size.toFixed(1), " KiB");
const secondsToOpen = column("until all stream", (result) => result.secondsToOpen, rounded, " s");
const cpuToOpen = column(
  "its CPU for that",
  (result) => result.cpuToOpen,
  (time) => time.toFixed(2),
  " s",
);

const untilAllHadIt = column("until all had it", (result) => result.slowest, rounded, " ms");
const memoryAlone = column("memory without clients", alone, rounded, " MiB");
const memoryPerWorker: Column = {
  heading: "each further worker",
  cell: ({ case: one, rounds, base }) => {
    const more = rounds.map((result, round) => {
      const other = base.rounds?.[round];
      const [above, below] = [result && alone(result), other && alone(other)];
      return above && below && one.workers > base.case.workers
        ? (above - below) / (one.workers - base.case.workers)
        : undefined;
    });
    return shown(figureOf(more), rounded, " MiB");
  },
};

const part = (heading: string, name: Part): Column =>
  column(heading, ({ parts }) => parts?.[name], rounded, " µs");
const parts = [
  part("node that takes", "taking"),
  part("node that follows", "following"),
  part("Redis", "redis"),
];
const acknowledged = column("acknowledged, p50", (result) => result.acknowledged, rounded, " ms");
const p50 = column("seen at the other node, p50", (result) => result.p50, rounded, " ms");
const longestCall = column("longest call", (result) => result.longestCall, rounded, " ms");
const untilAllCameBack = column("until all had all", (result) => result.secondsToReturn, rounded, " s");
const redisBytes = column("Redis takes for each", (result) => result.redisBytes, whole, " bytes");
const countedBytes = column("the hub counts", (result) => result.countedBytes, whole, " bytes");

/** What a group's table tells of each server. @param beside the one that all are compared with, if there is one. */
export function columnsOf({ measures, compared }: Group, beside: string | undefined): Column[] {
  switch (measures) {
    case "arrival":
      return [memory, secondsToOpen, cpuToOpen, ...(compared ? [memoryAlone, memoryPerWorker] : [])];
    case "one event":
      return [memory, memoryAlone, secondsToOpen, cpuToOpen, untilAllHadIt, cpuEach, lost];
    case "deliveries":
      return [...ratesOf(compared, beside), p99, lost];
    case "events":
      return [...ratesOf(compared, beside), cpuEach];
    case "events at nodes":
      return [...ratesOf(compared, beside), ...parts];
    case "one reader":
      return [acknowledged, p50, p99, lost];
    case "calls":
      return [byClock, longestCall];
    case "return":
      return [secondsToOpen, untilAllCameBack, byClock, lost];
    case "bytes":
      return [redisBytes, countedBytes];
  }
}

function ratesOf(compared: string | undefined, beside: string | undefined): Column[] {
  const columns = [byCpu];
  if (beside !== undefined) columns.push(ratio(`× ${beside}`, perCpuSecond, (line) => line.beside));
  if (compared) columns.push(ratio(`× ${compared}`, perCpuSecond, ({ base }) => base.rounds));
  columns.push(byClock);
  if (compared) columns.push(ratio(`× ${compared} by clock`, perSecond, ({ base }) => base.rounds));
  return [...columns, busyShare];
}

function column(heading: string, value: Value, format: (value: number) => string, unit?: string): Column {
  const of = (result: Result | undefined) => result && value(result);
  return { heading, cell: ({ rounds }) => shown(figureOf(rounds.map(of)), format, unit) };
}

/** Of what was measured in the same round, so that a machine that slows down slows both. */
function ratio(heading: string, value: Value, base: (line: Line) => Rounds | undefined): Column {
  const of = (line: Line) =>
    line.rounds.map((result, round) => {
      const other = base(line)?.[round];
      const [above, below] = [result && value(result), other && value(other)];
      return above && below && above / below;
    });
  return { heading, cell: (line) => shown(figureOf(of(line)), (part) => part.toFixed(2)) };
}

/** Of so many a second, the time that one takes, in µs. */
function each(perSecond: number | undefined): number | undefined {
  return perSecond && 1e6 / perSecond;
}

function rounded(time: number): string {
  return time < 1000 ? time.toPrecision(3) : whole(time);
}
