/** Marks the heading that is being read in the list of the page's headings. */
export function followHeadings(): void {
  const links = new Map<string, Element>();
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".outline a")) links.set(link.hash, link);
  if (links.size === 0) return;
  const headings = Array.from(document.querySelectorAll("article h2[id]"));
  const mark = () => {
    // The last one above the upper third of the window; at the end of the page the last one.
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
    const current = (atEnd ? headings : passed).at(-1);
    for (const [hash, link] of links) {
      if (current && hash === `#${current.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
}
