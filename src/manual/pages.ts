/** A part of the manual's contents. */
interface Part {
  readonly title: string;
  /** Names of pages: `start` is `start.md` in this folder, and `/manual/start` at a hub. */
  readonly pages: readonly string[];
}

/** The contents of the manual, in the order of reading. A page is called by its first heading. */
export const parts: readonly Part[] = [
  { title: "Begin", pages: ["start"] },
  { title: "Publish", pages: ["publish"] },
  { title: "Read", pages: ["browser", "frames"] },
  { title: "Events", pages: ["topics", "types", "current", "history", "private", "presence"] },
  { title: "Access", pages: ["access", "tokens", "tickets", "cookies", "keys"] },
  { title: "Languages", pages: [] },
  { title: "Your own application", pages: [] },
  { title: "Run it", pages: [] },
  { title: "Look up", pages: [] },
  { title: "Coming from", pages: [] },
];

/** All pages, in the order of reading. */
export const pageNames: readonly string[] = parts.flatMap(({ pages }) => pages);
