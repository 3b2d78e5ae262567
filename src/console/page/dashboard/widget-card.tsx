import { useLayoutEffect, useRef } from "preact/hooks";
import { isNumber, isRecord, isString } from "../../../sdk/narrow.ts";
import { JsonView } from "../components/json-view.tsx";
import * as format from "../format.ts";
import { colorsChanged } from "../theme.tsx";
import type { Widget } from "./state.ts";

/** A widget, as its last refresh has it. */
export function WidgetCard({ widget }: { widget: Widget }) {
  const { title, html, data, refreshes } = widget;
  return (
    <article class="panel widget" aria-label={title}>
      <header class="panel-head">
        <h3 class="truncate">{title}</h3>
        <span
          key={refreshes}
          class="muted push refreshed"
          title={`Refreshed ${format.count(refreshes)} times`}
        >
          {format.count(refreshes)}×
        </span>
      </header>
      <div class="widget-body">
        {html === undefined ? <WidgetData data={data} /> : <WidgetFrame title={title} html={html} />}
      </div>
    </article>
  );
}

/**
 * A publisher's HTML, in a frame where no script runs (no `allow-scripts`, and the page's policy, which
 * it inherits, forbids inline script as well), no form is sent and no link leads out. It counts as the
 * page's own origin only so that the page can see how high it is.
 */
function WidgetFrame({ title, html }: { title: string; html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const colors = colorsChanged.value;

  // Before the paint: after it the content may have been loaded already, and would keep a height not its own.
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    let sizes: ResizeObserver | undefined;
    const measure = () => {
      const content = element.contentDocument;
      if (!content?.body) return;
      dress(content);
      sizes?.disconnect();
      sizes = new ResizeObserver(() => {
        element.style.height = `${content.documentElement.scrollHeight}px`;
      });
      sizes.observe(content.body);
    };
    element.addEventListener("load", measure);
    // What is there already takes the new colours.
    measure();
    return () => {
      element.removeEventListener("load", measure);
      sizes?.disconnect();
    };
  }, [colors]);

  // Set as a property: in the document it would be one more text to escape.
  return <iframe ref={frame} class="widget-frame" title={title} sandbox="allow-same-origin" srcdoc={html} />;
}

/** Gives the content the page's type and colours, through the one door that its policy leaves open. */
function dress(content: Document): void {
  const own = getComputedStyle(document.body);
  const sheet = new (content.defaultView ?? globalThis).CSSStyleSheet();
  sheet.replaceSync(`
    :root { color-scheme: ${getComputedStyle(document.documentElement).colorScheme}; }
    body, table { font: ${own.fontSize}/${own.lineHeight} ${own.fontFamily}; }
    body { margin: 0; color: ${own.color}; overflow-wrap: anywhere; }
    body > :first-child { margin-top: 0; }
    body > :last-child { margin-bottom: 0; }
    h1, h2, h3, h4 { margin: 0 0 0.5em; font-size: 1em; }
    img, svg, video { max-width: 100%; }
    table { border-collapse: collapse; width: 100%; }
    th, td { padding: 4px 12px 4px 0; text-align: left; border-bottom: 1px solid color-mix(in srgb, currentcolor 15%, transparent); }
    progress, meter { width: 100%; }
  `);
  content.adoptedStyleSheets = [sheet];
}

/** Data that came without HTML, drawn as what it looks like. */
function WidgetData({ data }: { data: unknown }) {
  if (isNumber(data)) return <p class="widget-figure">{format.rate(data)}</p>;
  if (isString(data)) return <p class="widget-text">{format.visible(data)}</p>;
  if (Array.isArray(data) && data.length > 1 && data.every(isNumber)) return <Spark values={data} />;
  if (isRecord(data) && isNumber(data["percent"])) {
    return <Share percent={data["percent"]} text={data["text"]} />;
  }
  if (isRecord(data) && Object.values(data).every((value) => typeof value !== "object")) {
    return (
      <dl class="facts">
        {Object.entries(data).map(([name, value]) => (
          <div key={name}>
            <dt>{format.visible(name)}</dt>
            <dd>{isNumber(value) ? format.rate(value) : format.visible(String(value))}</dd>
          </div>
        ))}
      </dl>
    );
  }
  if (data === undefined) return <p class="muted">Nothing to show yet.</p>;
  return <JsonView json={JSON.stringify(data)} label="Data" />;
}

function Share({ percent, text }: { percent: number; text: unknown }) {
  const part = Math.min(1, Math.max(0, percent / 100));
  return (
    <>
      <p class="widget-figure">
        {format.rate(percent)}
        <span class="unit">%</span>
      </p>
      <div class={part < 0.9 ? "meter wide" : "meter wide high"} aria-hidden="true">
        <span style={{ transform: `scaleX(${part})` }} />
      </div>
      {isString(text) && <p class="muted widget-note">{format.visible(text)}</p>}
    </>
  );
}

function Spark({ values }: { values: readonly number[] }) {
  const low = Math.min(...values, 0);
  const span = Math.max(...values) - low || 1;
  const points = values.map(
    (value, i) =>
      `${((i / (values.length - 1)) * 100).toFixed(2)},${(38 - ((value - low) / span) * 36).toFixed(2)}`,
  );
  return (
    <>
      <p class="widget-figure">{format.rate(values.at(-1) ?? 0)}</p>
      <svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
        <path class="area" d={`M0,40 L${points.join(" L")} L100,40 Z`} />
        <path class="line" d={`M${points.join(" L")}`} />
      </svg>
    </>
  );
}
