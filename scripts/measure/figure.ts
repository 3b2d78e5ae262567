/** One figure over the rounds. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Rounds that have none are left out. */
export function figureOf(rounds: readonly (number | undefined)[]): Figure | undefined {
  const values = rounds.filter((value) => value !== undefined).sort((a, b) => a - b);
  const [least, median, most] = [values[0], values[Math.floor(values.length / 2)], values.at(-1)];
  if (least === undefined || median === undefined || most === undefined) return undefined;
  return { median, least, most };
}

/** The rounds are told only where one is so far from the median. */
const FAR = 0.1;

/** The median, and in brackets the least and the most where one is more than a tenth from it. */
export function shown(figure: Figure | undefined, format: (value: number) => string, unit = ""): string {
  if (figure === undefined) return "–";
  const { median, least, most } = figure;
  const far = Math.abs(median) * FAR;
  const text = `${format(median)}${unit}`;
  return median - least > far || most - median > far ? `${text} (${format(least)}–${format(most)})` : text;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
