import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type FigureName, figures } from "../data/figures.ts";
import { colorsChanged } from "../theme.tsx";

interface ChartProps {
  readonly name: FigureName;
  /** Tells what is under the pointer; null when it has left. */
  readonly onPoint: (point: { time: number; value: number | null } | null) => void;
}

/** Charts with the same key move their pointers together. */
const SYNC_KEY = "figures";
/** The least that a chart spans, in seconds: the first points should not fill it. */
const MIN_SPAN_SECONDS = 30;

/** One figure over the last minutes. */
export function Chart({ name, onPoint }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const resize = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.current?.destroy();
    };
  }, []);

  useSignalEffect(() => {
    // Drawn anew in other colours; a canvas does not follow the style sheet.
    colorsChanged.value;
    const element = box.current;
    if (!element) return;
    plot.current?.destroy();
    plot.current = new uPlot(options(element, name, onPoint), dataOf(name), element);
  });

  useSignalEffect(() => {
    figures.changed.value;
    plot.current?.setData(dataOf(name));
  });

  return <div class="chart" ref={box} aria-hidden="true" />;
}

function dataOf(name: FigureName): uPlot.AlignedData {
  return [figures.series.time, figures.series[name]];
}

function options(element: HTMLElement, name: FigureName, onPoint: ChartProps["onPoint"]): uPlot.Options {
  const accent = resolve(element, "--accent");
  const line = resolve(element, "--line");
  return {
    width: element.clientWidth || 100,
    height: element.clientHeight || 80,
    padding: [6, 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { setScale: false, x: false, y: false },
      sync: { key: SYNC_KEY, setSeries: false },
      points: { size: 7, width: 2, stroke: resolve(element, "--surface"), fill: accent },
    },
    scales: {
      x: { time: true, range: (_, min, max) => [Math.min(min, max - MIN_SPAN_SECONDS), max] },
      // Half of empty space above at most, and zero is always zero.
      y: { range: (_, __, max) => [0, Math.max(max * 1.15, name === "latency" ? 0.1 : 1)] },
    },
    axes: [
      { show: false },
      {
        size: 0,
        ticks: { show: false },
        values: () => [],
        grid: { stroke: line, width: 1 },
        splits: (plot) => [0.5, 1].map((part) => part * (plot.scales["y"]?.max ?? 1) * 0.87),
      },
    ],
    series: [
      {},
      {
        stroke: accent,
        width: 1.5,
        fill: (plot) => {
          const fade = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
          fade.addColorStop(0, withAlpha(accent, 0.22));
          fade.addColorStop(1, withAlpha(accent, 0.02));
          return fade;
        },
        points: { show: false },
      },
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx } = plot.cursor;
          const time = idx === null || idx === undefined ? undefined : plot.data[0][idx];
          onPoint(time === undefined ? null : { time, value: plot.data[1]?.[idx ?? 0] ?? null });
        },
      ],
    },
  };
}

/** A custom property as a colour that a canvas knows: `light-dark()` is only decided where it is used. */
function resolve(element: HTMLElement, property: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function withAlpha(color: string, alpha: number): string {
  const [red, green, blue] = color.match(/[\d.]+/g) ?? [];
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}
