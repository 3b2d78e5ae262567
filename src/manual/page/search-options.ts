import type { Options } from "minisearch";

/** A part of a page, as the search finds it. */
export interface IndexedSection {
  /** Where it is, seen from any page of the manual. It is also its name in the index. */
  readonly link: string;
  /** The title of its page. */
  readonly page: string;
  readonly title: string;
  readonly text: string;
}

/** Words that say nothing of what is looked for. */
const PASSED_OVER = new Set(
  "a an and are can do does for how i in is it my of on the to what when with".split(" "),
);

/** The beginning that the forms of a word share: "rotate" finds "rotation", and "keys" finds "key". */
function stemOf(word: string): string | null {
  const term = word.toLowerCase();
  if (PASSED_OVER.has(term)) return null;
  return term.length > 3 ? term.replace(/(?:ing|ed|es|e|s)$/, "") : term;
}

/** How the index is made and read. */
export const searchOptions: Options<IndexedSection> = {
  idField: "link",
  fields: ["title", "page", "text"],
  storeFields: ["link", "page", "title", "text"],
  searchOptions: {
    boost: { title: 4, page: 2 },
    prefix: true,
    fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    combineWith: "AND",
    processTerm: stemOf,
  },
};
