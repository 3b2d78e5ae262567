import { InvalidArgumentError } from "commander";

/** Parsers for what is typed after a flag. Each throws commander's InvalidArgumentError. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Such as `15s`, `1h` or `500ms`; in milliseconds. */
export function duration(text: string): number {
  return withUnit(text, MILLISECONDS, "Expected a duration such as 500ms, 15s or 1h.");
}

/** Such as `64KiB` or `1GB`; in bytes. */
export function size(text: string): number {
  return withUnit(text, BYTES, "Expected a size such as 64KiB or 1MB.");
}

export function port(text: string): number {
  return whole(text, 0, 65_535, "Expected a port from 0 to 65535; 0 takes any that is free.");
}

export function count(text: string): number {
  return whole(text, 1, Number.MAX_SAFE_INTEGER, "Expected a whole number of at least 1.");
}

function withUnit(text: string, units: Readonly<Record<string, number>>, expected: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([a-zA-Z]+)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  if (number === undefined || factor === undefined) {
    // Nothing of something needs no unit.
    if (text === "0") return 0;
    throw new InvalidArgumentError(expected);
  }
  const value = Math.round(Number(number) * factor);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError(expected);
  return value;
}

function whole(text: string, least: number, most: number, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(expected);
  return value;
}
