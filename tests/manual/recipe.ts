import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { BunPlugin } from "bun";
import type { Page } from "playwright-core";
import { openPage } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { sectionsOf } from "../readme/markdown.ts";

const root = join(import.meta.dir, "../..");

/** Writes the files of a page of the manual, and some of the test's own, to a folder where they run. */
export async function writeRecipe(page: string, own: Readonly<Record<string, string>>): Promise<string> {
  const folder = emptyFolder();
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const paths = { "tidings/sdk": [join(root, "src/sdk/index.ts")] };
  const files = new Map(
    Object.entries({
      "tsconfig.json": JSON.stringify({ compilerOptions: { paths, jsx: "react-jsx" } }),
      ...own,
    }),
  );
  const text = await Bun.file(join(root, `src/manual/${page}.md`)).text();
  for (const { file, text: content } of sectionsOf(text).flatMap(({ blocks }) => blocks)) {
    if (file !== undefined) files.set(file, content);
  }
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A program of such a folder as one script for a browser. */
export async function bundle(folder: string, entry: string, plugins: BunPlugin[] = []): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(folder, entry)],
    target: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins,
  });
  return (await outputs[0]?.text()) ?? "";
}

/** Opens a file of such a folder as a page of the hub's own origin, where a proxy would have it. */
export async function openFile(hub: string, path: string, query = ""): Promise<Page> {
  const page = await openPage(`${hub}/healthz`);
  await page.route("**/*", async (route) => {
    const { pathname } = new URL(route.request().url());
    const file = Bun.file(join(dirname(path), pathname));
    if (await file.exists()) await route.fulfill({ body: await file.text(), contentType: file.type });
    else await route.continue();
  });
  await page.goto(`${hub}/${basename(path)}${query}`);
  return page;
}
