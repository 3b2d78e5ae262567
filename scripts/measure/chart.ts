import { figureOf, whole } from "./figure.ts";
import type { Row } from "./report.ts";

const WIDTH = 720;
const LABEL = 130;
const BAR = 16;
const GAP = 26;
const COLOURS = ["#2563eb", "#94a3b8", "#f59e0b", "#10b981", "#a855f7", "#ef4444", "#14b8a6", "#78716c"];

/** Deliveries per second of CPU as an SVG: bars, each case to its own scale. */
export function chart(rows: readonly Row[], machine: string): string {
  const parts: string[] = [];
  let y = 44;
  for (const { case: one, servers } of rows) {
    const medians = [...servers].map(([name, rounds]): [string, number] => {
      return [name, figureOf(rounds.map((result) => result?.perCpuSecond))?.median ?? 0];
    });
    const most = Math.max(...medians.map(([, median]) => median));
    parts.push(text(16, y + 12, one.name, 'font-weight="600"'));
    y += BAR + 6;
    medians.forEach(([name, median], i) => {
      const length = most > 0 ? (median / most) * (WIDTH - LABEL - 110) : 0;
      const colour = COLOURS[i % COLOURS.length];
      parts.push(text(16, y + 12, name));
      parts.push(
        `<rect x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${colour}"/>`,
      );
      parts.push(text(LABEL + length + 6, y + 12, whole(median)));
      y += BAR + 4;
    });
    y += GAP - BAR;
  }
  const title = "Deliveries (or publishes) per second of the server's CPU, longer is better";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 16}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1e293b">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${y + 16}" fill="#ffffff"/>
${text(16, 24, title, 'font-weight="600"')}
${parts.join("\n")}
${text(16, y + 4, machine, 'font-size="10" fill="#64748b"')}
</svg>
`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
