import { useState } from "preact/hooks";
import { Chart } from "../components/chart.tsx";
import { type FigureName, figures } from "../data/figures.ts";
import * as format from "../format.ts";

interface Figure {
  readonly name: FigureName;
  readonly title: string;
  readonly format: (value: number) => format.Quantity;
}

const shown: readonly Figure[] = [
  { name: "published", title: "Events", format: (value) => [format.rate(value), "/s"] },
  { name: "delivered", title: "Deliveries", format: (value) => [format.rate(value), "/s"] },
  { name: "clients", title: "Clients", format: (value) => [format.count(value), ""] },
  { name: "latency", title: "Latency", format: format.milliseconds },
  { name: "memory", title: "Memory", format: format.bytes },
];

/** The figures that move, each with its chart. */
export function FigureCards() {
  return (
    <section class="panel figures ages" aria-label="Figures">
      {shown.map((figure) => (
        <FigureCard key={figure.name} {...figure} />
      ))}
    </section>
  );
}

function FigureCard({ name, title, format: toQuantity }: Figure) {
  const [point, setPoint] = useState<{ time: number; value: number | null } | null>(null);
  figures.changed.value;
  const value = point ? point.value : figures.last(name);
  const peak = figures.peak(name);
  const [figure, unit] = value === null ? ["–", ""] : toQuantity(value);
  return (
    <div class="figure" data-figure={name}>
      <div class="figure-text">
        <h2>{title}</h2>
        <p class="figure-value">
          <span>{figure}</span>
          <span class="unit">{unit}</span>
        </p>
        <p class="figure-note">
          {point
            ? `at ${format.clock(point.time * 1000)}`
            : peak !== null && `peak ${toQuantity(peak).join(" ")}`}
        </p>
      </div>
      <Chart name={name} onPoint={setPoint} />
    </div>
  );
}
