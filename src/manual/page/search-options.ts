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
  },
};
