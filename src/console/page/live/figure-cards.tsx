import { useState } from "preact/hooks";
import { Chart } from "../components/chart.tsx";
import { type FigureName, figures } from "../data/figures.ts";
import * as format from "../format.ts";

interface Figure {
  readonly name: FigureName;
  readonly title: string;
  /** What the figure says, besides its title. */
  readonly meaning?: string;
  readonly format: (value: number) => format.Quantity;
}

const shown: readonly Figure[] = [
  { name: "published", title: "Events", format: (value) => [format.rate(value), "/s"] },
  { name: "delivered", title: "Deliveries", format: (value) => [format.rate(value), "/s"] },
  { name: "clients", title: "Clients", format: (value) => [format.count(value), ""] },
  {
    name: "latency",
    title: "Latency",
    meaning: "From publishing to the write to the last client, the mean of each second",
    format: format.milliseconds,
  },
  { name: "memory", title: "Memory", format: format.bytes },
];

/** The figures that move, each with its chart. */
export function FigureCards() {
  return (
    // It scrolls on a narrow screen, so a keyboard must reach it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="panel figures ages" aria-label="Figures" tabIndex={0}>
      {shown.map((figure) => (
        <FigureCard key={figure.name} {...figure} />
      ))}
    </section>
  );
}

function FigureCard({ name, title, meaning, format: toQuantity }: Figure) {
  const [point, setPoint] = useState<{ time: number; value: number | null } | null>(null);
  figures.changed.value;
  const value = point ? point.value : figures.last(name);
  const peak = figures.peak(name);
  const span = format.duration(figures.span);
  const [figure, unit] = value === null ? ["–", ""] : toQuantity(value);
  return (
    <div class="figure" data-figure={name}>
      <div class="figure-text">
        <h2 title={meaning}>
          {title}
          {meaning && <span class="figure-meaning">, mean to the last client</span>}
        </h2>
        <p class="figure-value">
          <span>{figure}</span>
          <span class="unit">{unit}</span>
        </p>
        <p class="figure-note">
          {point
            ? `at ${format.clock(point.time * 1000)}`
            : peak !== null && `highest ${toQuantity(peak).join(" ")} in ${span}`}
        </p>
      </div>
      <Chart name={name} onPoint={setPoint} />
    </div>
  );
}
