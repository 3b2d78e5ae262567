const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A figure and its unit, apart because they are set apart. */
export type Quantity = readonly [figure: string, unit: string];

export function count(value: number): string {
  return whole.format(value);
}

/** `12.3k` where there is little room. */
export function shortCount(value: number): string {
  return value < 10_000 ? whole.format(value) : compact.format(value).toLowerCase();
}

/** Events a second. */
export function rate(value: number): string {
  if (value >= 10_000) return compact.format(value).toLowerCase();
  return value >= 10 ? whole.format(value) : oneDigit.format(value);
}

export function bytes(value: number): Quantity {
  if (value < 1024) return [whole.format(value), "B"];
  let scaled = value / 1024;
  let unit = "KiB";
  for (const next of ["MiB", "GiB", "TiB"]) {
    if (scaled < 1024) break;
    scaled /= 1024;
    unit = next;
  }
  return [scaled >= 100 ? whole.format(scaled) : oneDigit.format(scaled), unit];
}

/** Milliseconds, in the unit that reads best. */
export function milliseconds(value: number): Quantity {
  if (value < 1) return [whole.format(value * 1000), "µs"];
  if (value < 1000) return [value < 100 ? oneDigit.format(value) : whole.format(value), "ms"];
  return [oneDigit.format(value / 1000), "s"];
}

/** Seconds as `3 d 4 h`, the two largest units. */
export function duration(seconds: number): string {
  const units: [number, string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  let rest = seconds;
  return units
    .slice(first, first + 2)
    .map(([size, unit]) => {
      const amount = Math.floor(rest / size);
      rest -= amount * size;
      return amount > 0 ? `${amount} ${unit}` : "";
    })
    .filter(Boolean)
    .join(" ");
}

const pad = (value: number, digits = 2) => String(value).padStart(digits, "0");

/** The time of day, `14:03:59`. */
export function clock(time: number): string {
  const date = new Date(time);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** The time of day to the millisecond, `14:03:59.042`. */
export function preciseClock(time: number): string {
  return `${clock(time)}.${pad(new Date(time).getMilliseconds(), 3)}`;
}

/** Characters that turn the direction of the text that follows (Unicode, UAX 9). */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with such characters as JSON escapes: one of them could make the rest of a line read backwards. */
export function visible(text: string): string {
  return text.replace(TURNS, (turn) => `\\u${turn.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
