import { expect, test } from "bun:test";
import { dirname, join, relative } from "node:path";
import { emptyFolder } from "../folder.ts";

const root = join(import.meta.dir, "../..");

/** Which rooms each may import; whatever is not here it may not. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  topics: [],
  protocol: [],
  events: ["topics", "protocol"],
  auth: ["topics", "protocol", "events"],
  log: ["topics", "protocol", "events"],
  broker: ["topics", "protocol", "events", "log"],
  nodes: ["topics", "protocol", "events", "log", "broker"],
  http: ["topics", "protocol", "events", "auth", "log", "broker", "nodes"],
  mercure: ["topics", "protocol", "events", "auth", "log", "broker", "nodes", "http"],
  webhooks: ["topics", "protocol", "events", "auth", "log", "broker", "nodes", "http"],
  "console/server": ["topics", "protocol", "events", "auth", "log", "broker", "nodes", "http"],
  manual: ["topics", "protocol", "events", "auth", "log", "broker", "nodes", "http"],
  "manual/page": [],
  sdk: ["protocol"],
  "console/page": ["protocol", "sdk"],
  config: ["topics", "protocol", "events", "auth", "log", "broker", "nodes", "http", "webhooks"],
  server: ["topics", "protocol", "events", "auth", "log", "broker", "nodes", "http", "webhooks", "config"],
  cli: [
    "topics",
    "protocol",
    "events",
    "auth",
    "log",
    "broker",
    "nodes",
    "http",
    "manual",
    "mercure",
    "webhooks",
    "sdk",
    "config",
    "server",
  ],
};
const rooms = Object.keys(arrows).filter((room) => !room.includes("/"));

/** The files of a project with the rules of this one that they break, as "file: rule". */
async function lint(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = emptyFolder();
  await Bun.write(join(folder, ".biome.jsonc"), Bun.file(join(root, ".biome.jsonc")));
  for (const [path, text] of Object.entries(files)) await Bun.write(join(folder, path), text);
  const command = [
    join(root, "node_modules/.bin/biome"),
    "lint",
    "--vcs-enabled=false",
    "--reporter=json",
    "--max-diagnostics=none",
  ];
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  const { diagnostics } = (await new Response(child.stdout).json()) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  return diagnostics.map(({ category, location }) => `${location.path}: ${category.split("/").at(-1)}`);
}

test("a room may import only those below it", async () => {
  const files: Record<string, string> = {};
  for (const from of Object.keys(arrows)) {
    for (const to of rooms.filter((room) => room !== from)) {
      const path = `src/${from}/${to}.ts`;
      files[path] = `export { a } from "${relative(dirname(path), `src/${to}/${from}.ts`)}";\n`;
    }
  }
  const broken = await lint(files);
  for (const [from, below] of Object.entries(arrows)) {
    const allowed = rooms.filter(
      (to) => to !== from && !broken.includes(`src/${from}/${to}.ts: noRestrictedImports`),
    );
    expect([from, allowed.toSorted()]).toEqual([from, below.toSorted()]);
  }
});

test("two files may not import each other, not even for types", async () => {
  const broken = await lint({
    "src/log/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;\n',
    "src/log/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
  });
  expect(broken).toContain("src/log/a.ts: noImportCycles");
});
