import MiniSearch, { type SearchResult } from "minisearch";
import { type IndexedSection, searchOptions } from "./search-options.ts";

const MOST_RESULTS = 12;
/** The length of the text that is shown of a section, in characters. */
const EXCERPT = 110;

let index: Promise<MiniSearch<IndexedSection>> | undefined;

function load(address: string): Promise<MiniSearch<IndexedSection>> {
  index ??= fetch(address)
    .then((answer) => answer.text())
    .then((text) => MiniSearch.loadJSON<IndexedSection>(text, searchOptions));
  // A hub that was away may be back at the next letter.
  index.catch(() => {
    index = undefined;
  });
  return index;
}

/** Shows the field that searches, and makes it work: `/` goes there, arrows choose, Enter opens. */
export function startSearch(): void {
  const form = document.querySelector<HTMLFormElement>("#search");
  const field = form?.querySelector("input");
  const list = form?.querySelector("ul");
  const address = form?.dataset["index"];
  if (!form || !field || !list || address === undefined) return;
  form.hidden = false;

  let chosen = -1;
  const options = () => Array.from(list.querySelectorAll("a"));
  const choose = (at: number) => {
    const all = options();
    chosen = all.length === 0 ? -1 : (at + all.length) % all.length;
    for (const [i, option] of all.entries()) {
      option.parentElement?.setAttribute("aria-selected", String(i === chosen));
      if (i === chosen) option.scrollIntoView({ block: "nearest" });
    }
    if (chosen < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `result-${chosen}`);
  };
  const show = (items: readonly Element[]) => {
    list.replaceChildren(...items);
    list.hidden = items.length === 0;
    field.ariaExpanded = String(items.length > 0);
    choose(options().length > 0 ? 0 : -1);
  };
  const search = async () => {
    const words = field.value.trim();
    if (words === "") return show([]);
    try {
      const found = await load(address);
      const all = found.search(words);
      // Nothing has all of the words: what has some of them.
      const results = all.length > 0 ? all : found.search(words, { combineWith: "OR" });
      // Another letter may have been typed meanwhile.
      if (words !== field.value.trim()) return;
      show(
        results.length > 0
          ? results.slice(0, MOST_RESULTS).map(resultItem)
          : [note(`Nothing about “${words}”`)],
      );
    } catch {
      show([note("The hub is away")]);
    }
  };

  field.addEventListener("input", () => void search());
  field.addEventListener("focus", () => {
    load(address).catch(() => {});
    void search();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") {
      field.value = "";
      show([]);
      field.blur();
    } else return;
    event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    options()[chosen]?.click();
  });
  list.addEventListener("click", () => {
    show([]);
    field.blur();
  });
  addEventListener("pointerdown", ({ target }) => {
    if (!(target instanceof Node && form.contains(target))) show([]);
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
  });
}

function resultItem(result: SearchResult, at: number): Element {
  const { link, page, title, text, terms } = result as SearchResult & IndexedSection;
  const anchor = document.createElement("a");
  anchor.href = link;
  anchor.tabIndex = -1;
  const heading = document.createElement("strong");
  heading.textContent = title;
  const place = document.createElement("span");
  place.textContent = page === title ? "" : page;
  const excerpt = document.createElement("p");
  excerpt.append(...marked(excerptOf(text, terms), terms));
  anchor.append(heading, place, excerpt);
  const item = document.createElement("li");
  item.id = `result-${at}`;
  item.role = "option";
  item.append(anchor);
  return item;
}

/** The text around the first of the words. */
function excerptOf(text: string, words: readonly string[]): string {
  const found = words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);
  const first = found.length > 0 ? Math.min(...found) : 0;
  const from = first < EXCERPT / 2 ? 0 : text.lastIndexOf(" ", first - EXCERPT / 3) + 1;
  const part = text.slice(from, from + EXCERPT);
  return `${from > 0 ? "… " : ""}${part}${from + EXCERPT < text.length ? " …" : ""}`;
}

/** The text with the words that were found marked. */
function marked(text: string, words: readonly string[]): (Element | string)[] {
  if (words.length === 0) return [text];
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "i")).map((part, i) => {
    if (i % 2 === 0) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

function note(text: string): Element {
  const item = document.createElement("li");
  item.className = "note";
  item.textContent = text;
  return item;
}
