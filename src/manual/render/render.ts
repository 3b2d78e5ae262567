import { basename, extname, join } from "node:path";
import MiniSearch from "minisearch";
import type { Manual, ManualFile, ManualPage } from "../manual.ts";
import { type IndexedSection, searchOptions } from "../page/search-options.ts";
import { pageNames, parts } from "../pages.ts";
import { type RenderedPage, renderPage } from "./markdown.ts";

const folder = join(import.meta.dir, "..");
const root = join(folder, "../..");

/** Renders the whole manual, and bundles the script and the style of its pages. */
export async function renderManual(): Promise<Manual> {
  const rendered = new Map<string, RenderedPage>();
  for (const name of pageNames) {
    rendered.set(name, renderPage(await Bun.file(join(folder, `${name}.md`)).text()));
  }
  const titleOf = (name: string) => rendered.get(name)?.title ?? name;
  return {
    parts: parts
      .filter(({ pages }) => pages.length > 0)
      .map(({ title, pages }) => ({ title, pages: pages.map((name) => ({ name, title: titleOf(name) })) })),
    pages: Object.fromEntries(Array.from(rendered, ([name, page]) => [name, toPage(page)])),
    index: JSON.stringify(indexOf(rendered)),
    assets: {
      "manual.css": await bundled("manual.css"),
      "manual.js": await bundled("manual.ts"),
      "theme.js": await bundled("theme.ts"),
      "icon.svg": await hashed("icon.svg", await Bun.file(join(root, "src/console/page/icon.svg")).text()),
    },
    files: await linkedFiles([...rendered.values()].flatMap(({ files }) => files)),
  };
}

function toPage({ title, html, sections }: RenderedPage): ManualPage {
  return {
    title,
    html,
    description: /^.*?[.:](?= |$)/.exec(sections[0]?.text ?? "")?.[0] ?? title,
    headings: sections.filter(({ depth }) => depth === 2).map(({ anchor, title }) => ({ anchor, title })),
  };
}

function indexOf(pages: ReadonlyMap<string, RenderedPage>): MiniSearch<IndexedSection> {
  const index = new MiniSearch<IndexedSection>(searchOptions);
  for (const [name, { title: page, sections }] of pages) {
    for (const { anchor, title, text } of sections) {
      index.add({ link: anchor === "" ? name : `${name}#${anchor}`, page, title, text });
    }
  }
  return index;
}

async function bundled(entry: string): Promise<ManualFile> {
  const { outputs } = await Bun.build({
    entrypoints: [join(folder, "page", entry)],
    minify: true,
    // A classic script, which the page can run before it is drawn.
    ...(entry === "theme.ts" && { format: "iife" }),
  });
  const [output] = outputs;
  if (!output) throw new Error(`${entry} was bundled to nothing`);
  return hashed(`${basename(entry, extname(entry))}${extname(output.path)}`, await output.text());
}

async function hashed(name: string, text: string): Promise<ManualFile> {
  const end = extname(name);
  return { name: `${basename(name, end)}-${Bun.hash(text).toString(36)}${end}`, text };
}

/** The files by their paths. */
async function linkedFiles(paths: readonly string[]): Promise<Record<string, string>> {
  const read = async (path: string) => [path, await Bun.file(join(root, path)).text()] as const;
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

if (import.meta.main) await Bun.write(Bun.stdout, JSON.stringify(await renderManual()));
