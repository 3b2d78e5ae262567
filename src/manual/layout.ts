import { version } from "../version.ts";
import type { Manual, ManualPage } from "./manual.ts";

/** Where the index of the search is, seen from a page. */
export const INDEX_FILE = "search.json";

/**
 * A whole page. All its links are relative, because the hub does not know below which path a proxy shows it.
 * Nothing is inline, because the policy of the hub's pages allows nothing inline.
 */
export function layout({ parts, assets }: Manual, name: string, page: ManualPage): string {
  const asText = Bun.escapeHTML;
  const all = parts.flatMap(({ pages }) => pages);
  const at = all.findIndex((one) => one.name === name);
  const step = (rel: "prev" | "next", to: (typeof all)[number] | undefined) =>
    to
      ? `<a rel="${rel}" href="${to.name}"><span>${rel === "prev" ? "Before" : "Next"}</span>${asText(to.title)}</a>`
      : "";
  const contents = parts
    .map(({ title, pages }) => {
      const links = pages.map(
        (one) =>
          `<li><a href="${one.name}"${one.name === name ? ' aria-current="page"' : ""}>${asText(one.title)}</a></li>`,
      );
      return `<h2>${asText(title)}</h2><ul>${links.join("")}</ul>`;
    })
    .join("");
  const outline = page.headings.map(
    ({ anchor, title }) => `<li><a href="#${anchor}">${asText(title)}</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${asText(page.title)} · Tidings</title>
<meta name="description" content="${asText(page.description)}">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="files/${assets["icon.svg"].name}">
<link rel="stylesheet" href="files/${assets["manual.css"].name}">
<script src="files/${assets["theme.js"].name}"></script>
<script type="module" src="files/${assets["manual.js"].name}"></script>
</head>
<body>
<a class="skip-link" href="#main">Skip to content</a>
<header class="top">
<button class="button quiet icon-only menu" type="button" popovertarget="contents" aria-label="Contents">${icon("M2 4h12M2 8h12M2 12h12")}</button>
<a class="brand" href="start"><svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><circle class="dot" cx="4" cy="12" r="2"/><path d="M4 7a5 5 0 0 1 5 5M4 2.5a9.5 9.5 0 0 1 9.5 9.5"/></svg>Tidings <span class="brand-part">Manual</span></a>
<form id="search" role="search" data-index="${INDEX_FILE}" hidden>
${icon("M7 11.5a4.5 4.5 0 1 0 0-9 4.500 4.500 0 0 0 0 9m3.200-1.300L14 14")}
<input class="input" type="search" role="combobox" aria-expanded="false" aria-controls="results" aria-autocomplete="list" aria-label="Search the manual" placeholder="Search" autocomplete="off" spellcheck="false">
<kbd>/</kbd>
<ul id="results" role="listbox" aria-label="Results" hidden></ul>
</form>
<nav class="top-end" aria-label="The hub"><a href="..">Console</a><a href="../openapi">API</a>
<button class="button quiet icon-only" type="button" id="theme" hidden>${icon("M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12M8 5.500h5.300M8 8.500h6M8 11.500h4.500")}</button></nav>
</header>
<div class="columns">
<nav class="side" id="contents" aria-label="Contents" popover>${contents}<ul class="elsewhere"><li><a href="..">Console</a></li><li><a href="../openapi">API</a></li></ul></nav>
<main id="main" tabindex="-1">
<article>
${page.html}</article>
<nav class="steps" aria-label="Other pages">${step("prev", all[at - 1])}${step("next", all[at + 1])}</nav>
<footer class="page-foot">Tidings ${asText(version)}</footer>
</main>
<aside class="outline">${outline.length > 1 ? `<nav aria-label="On this page"><h2>On this page</h2><ul>${outline.join("")}</ul></nav>` : ""}</aside>
</div>
</body>
</html>
`;
}

function icon(path: string): string {
  return `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
}
