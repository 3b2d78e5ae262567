/** A part of the manual's contents. */
interface Part {
  readonly title: string;
  /** Names of pages: `start` is `start.md` in this folder, and `/manual/start` at a hub. */
  readonly pages: readonly string[];
}

/** The contents of the manual, in the order of reading. A page is called by its first heading. The README has a link to each. */
export const parts: readonly Part[] = [
  { title: "Begin", pages: ["start", "words"] },
  { title: "Publish", pages: ["publish", "webhooks", "database", "github-actions"] },
  { title: "Read", pages: ["browser", "frames", "phone", "hypermedia", "language-models"] },
  { title: "Languages", pages: ["typescript", "frameworks", "python", "go", "php"] },
  {
    title: "Events",
    pages: ["topics", "types", "history", "current", "private", "presence", "ended-topics"],
  },
  { title: "Access", pages: ["access", "tokens", "tickets", "cookies", "keys"] },
  { title: "Your own application", pages: ["application"] },
  { title: "Run it", pages: ["watching", "log", "backup", "proxies", "tls", "cores", "nodes"] },
  { title: "Look up", pages: ["options", "http", "errors", "limits", "guarantees", "measurements"] },
  { title: "Coming from", pages: ["from-mercure", "from-better-sse", "from-go-broker"] },
];

/** All pages, in the order of reading. */
export const pageNames: readonly string[] = parts.flatMap(({ pages }) => pages);
