import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The anchor that GitHub gives to a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchor(heading));

test("links within the repository lead to a file and a heading", () => {
  const broken: string[] = [];
  let count = 0;
  const pages = ["*.md", ".github/*.md", "src/**/*.md"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true }),
  ]);
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8").replace(/^```.*?^```/gms, "");
    for (const [, link = ""] of text.matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)) {
      count++;
      const [path = "", heading] = link.split("#");
      const target = join(root, path === "" ? page : join(dirname(page), path));
      const leads =
        existsSync(target) &&
        (heading === undefined || anchorsOf(readFileSync(target, "utf8")).includes(heading));
      if (!leads) broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(100);
});
