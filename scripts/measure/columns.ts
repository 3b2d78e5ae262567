import type { Group } from "./cases.ts";
import { figureOf, shown, whole } from "./figure.ts";
import type { Result } from "./measure.ts";

/** What each round of a case found for one server; nothing where it failed. */
export type Rounds = readonly (Result | undefined)[];

/** What a line of a table is made of. */
export interface Line {
  readonly rounds: Rounds;
  /** The floor's of the same case. */
  readonly floor: Rounds | undefined;
  /** The same server's of the group's first case. */
  readonly first: Rounds | undefined;
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

const byCpu = column("per second of its CPU", perCpuSecond, whole);
const byCpuToFloor = ratio("× floor", perCpuSecond, ({ floor }) => floor);
const byCpuToFirst = ratio("× first case", perCpuSecond, ({ first }) => first);
const byClock = column("per second", perSecond, whole);
const byClockToFirst = ratio("× first case by clock", perSecond, ({ first }) => first);
const busyShare = column("busy", busy, (part) => whole(part * 100), " %");
const p99 = column("p99", (result) => result.p99, rounded, " ms");
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

/** What a group's table tells of each server. */
export function columnsOf({ measures, compared }: Group): Column[] {
  if (measures === "arrival") return [memory, secondsToOpen, cpuToOpen];
  const rates = compared
    ? [byCpu, byCpuToFloor, byCpuToFirst, byClock, byClockToFirst, busyShare]
    : [byCpu, byCpuToFloor, byClock, busyShare];
  return measures === "deliveries" ? [...rates, p99, lost] : rates;
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

function rounded(time: number): string {
  return time < 1000 ? time.toPrecision(3) : whole(time);
}
