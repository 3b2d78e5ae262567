import { posix } from "node:path";
import GithubSlugger from "github-slugger";
import hljs from "highlight.js";
import { Marked, type Token, type Tokens } from "marked";

/** A heading below the page's title, and the text up to the next one. */
export interface PageSection {
  /** The anchor; the empty string for what stands before the first heading. */
  readonly anchor: string;
  readonly title: string;
  readonly depth: number;
  readonly text: string;
}

export interface RenderedPage {
  readonly title: string;
  readonly html: string;
  readonly sections: readonly PageSection[];
  /** The files of the repository that it links to, or shows, by their paths. They are served below `files/`. */
  readonly files: readonly string[];
}

/** Where the pages are in the repository. */
const FOLDER = "src/manual";

/**
 * Renders a page. Links between pages lead to the pages as they are served, and links to other files of the
 * repository to `files/PATH`.
 *
 * @throws Error when it does not begin with a heading.
 */
export function renderPage(markdown: string): RenderedPage {
  const slugger = new GithubSlugger();
  const files = new Set<string>();
  const sections: { anchor: string; title: string; depth: number; text: string }[] = [];
  let title: string | undefined;

  const served = (href: string) => {
    const { link, file } = servedLink(href);
    if (file !== undefined) files.add(file);
    return link;
  };

  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const inner = this.parser.parseInline(tokens);
        if (depth === 1) return `<h1>${inner}</h1>\n`;
        // Anchors as GitHub makes them, so that a link with one works in the repository too.
        const id = slugger.slug(plainText(tokens));
        return `<h${depth} id="${id}">${inner}<a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`;
      },
      code(token) {
        return codeBlock(token, outputs.has(token));
      },
      link({ href, title: hint, tokens }) {
        const hinted = hint ? ` title="${escapeHtml(hint)}"` : "";
        return `<a href="${escapeHtml(served(href))}"${hinted}>${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text }) {
        return `<img src="${escapeHtml(served(href))}" alt="${escapeHtml(text)}" loading="lazy">`;
      },
      table(token) {
        return tableOf(token, (tokens) => this.parser.parseInline(tokens));
      },
    },
  });

  const tokens = marked.lexer(markdown);
  const outputs = outputsIn(tokens);
  const anchors = new GithubSlugger();
  for (const token of tokens) {
    if (token.type === "heading") {
      const { depth, tokens = [] } = token as Tokens.Heading;
      const heading = plainText(tokens);
      if (depth === 1) title = heading;
      const anchor = depth === 1 ? "" : anchors.slug(heading);
      sections.push({ anchor, title: heading, depth, text: "" });
    } else {
      const section = sections.at(-1);
      if (!section) throw new Error("a page begins with its heading");
      section.text += `${plainText([token])} `;
    }
  }
  if (title === undefined) throw new Error("a page has a first heading");
  const html = marked.parser(tokens);
  return {
    title,
    html,
    sections: sections.map((section) => ({ ...section, text: section.text.replace(/\s+/g, " ").trim() })),
    files: [...files],
  };
}

/** Where a link leads in the manual as it is served, and the file of the repository that it needs. */
export function servedLink(href: string): { readonly link: string; readonly file?: string } {
  if (/^(?:[a-z]+:|#)/.test(href)) return { link: href };
  const [path = "", anchor] = href.split("#");
  const page = /^\.\/([\w-]+)\.md$/.exec(path)?.[1];
  if (page !== undefined) return { link: anchor === undefined ? page : `${page}#${anchor}` };
  const file = posix.join(FOLDER, path);
  return { link: `files/${file}`, file };
}

/** The blocks that directly follow a shell's command: they are what it shows. */
function outputsIn(tokens: readonly Token[]): ReadonlySet<Token> {
  const blocks = tokens.filter(({ type }) => type !== "space");
  const isOutput = (token: Token, i: number) => {
    const before = blocks[i - 1];
    return isCode(token, "text", "json") && before !== undefined && isCode(before, "sh");
  };
  return new Set(blocks.filter(isOutput));
}

function isCode(token: Token, ...languages: readonly string[]): boolean {
  return token.type === "code" && languages.includes((token as Tokens.Code).lang ?? "");
}

function codeBlock({ text, lang = "" }: Tokens.Code, isOutput: boolean): string {
  const [language = "", file] = lang.split(" ");
  const inner =
    hljs.getLanguage(language) && language !== "text"
      ? hljs.highlight(text, { language }).value
      : escapeHtml(text);
  const caption = file === undefined ? "" : `<figcaption>${escapeHtml(file)}</figcaption>`;
  // It scrolls, so a keyboard must reach it.
  return `<figure class="code${isOutput ? " output" : ""}" data-language="${escapeHtml(language)}">${caption}<pre tabindex="0"><code>${inner}</code></pre></figure>\n`;
}

/** A table in a box of its own, which scrolls where the screen is narrow. */
function tableOf({ header, rows, align }: Tokens.Table, inline: (tokens: Token[]) => string): string {
  const cells = (row: readonly Tokens.TableCell[], tag: "th" | "td") =>
    row
      .map(
        ({ tokens }, i) =>
          `<${tag}${align[i] === "right" ? ' class="number"' : ""}>${inline(tokens)}</${tag}>`,
      )
      .join("");
  const head = `<thead><tr>${cells(header, "th")}</tr></thead>`;
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
  return `<div class="table" tabindex="0"><table>${head}<tbody>${body}</tbody></table></div>\n`;
}

/** The text of tokens, without any marks. */
function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token): string => {
      if (token.type === "html" || token.type === "space") return "";
      if (token.type === "br") return " ";
      if (token.type === "table") {
        const { header, rows } = token as Tokens.Table;
        return [header, ...rows].map((row) => row.map((cell) => plainText(cell.tokens)).join(" ")).join(" ");
      }
      if (token.type === "list") {
        return (token as Tokens.List).items.map((item) => plainText(item.tokens)).join(" ");
      }
      if ("tokens" in token && token.tokens) return plainText(token.tokens);
      return "text" in token && typeof token.text === "string" ? token.text : "";
    })
    .join("");
}

function escapeHtml(text: string): string {
  return Bun.escapeHTML(text);
}
