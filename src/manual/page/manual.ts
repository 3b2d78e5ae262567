import { addCopyButtons } from "./copy.ts";
import { followHeadings } from "./headings.ts";
import { startSearch } from "./search.ts";

addCopyButtons();
followHeadings();
startSearch();
// The side bar is long: show where this page is in it.
document.querySelector('.side [aria-current="page"]')?.scrollIntoView({ block: "nearest" });
