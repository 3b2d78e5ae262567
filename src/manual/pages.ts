/** A part of the manual's contents. */
interface Part {
  readonly title: string;
  /** Names of pages: `start` is `start.md` in this folder, and `/manual/start` at a hub. */
  readonly pages: readonly string[];
}

/** The contents of the manual, in the order of reading. A page is called by its first heading. */
export const parts: readonly Part[] = [
  { title: "Begin", pages: ["start"] },
  { title: "Read", pages: ["presence"] },
];

/** All pages, in the order of reading. */
export const pageNames: readonly string[] = parts.flatMap(({ pages }) => pages);
