import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import manifest from "../../package.json";
import { reasonOf } from "../config/config-error.ts";
import { CommandWithVariables } from "../config/variables.ts";
import { CliError } from "./error.ts";
import { notesAndExamples } from "./help.ts";
import * as events from "./init/events.ts" with { type: "text" };
import * as page from "./init/index.html" with { type: "text" };
import * as plainPage from "./init/page.html" with { type: "text" };
import * as publish from "./init/publish.ts" with { type: "text" };
import { print } from "./output.ts";

/** Where `npm run page` serves the page. */
const PAGE = "http://localhost:8080";

const { version, devDependencies } = manifest;
const tarball = `tidings-${version}.tgz`;

const packageJson = {
  private: true,
  type: "module",
  scripts: {
    start: "tsc && node build/publish.js",
    page: "sirv . --host localhost --port 8080",
  },
  dependencies: {
    "@sinclair/typebox": devDependencies["@sinclair/typebox"],
    // The executable contains the library, so both have the same version.
    tidings: `file:${tarball}`,
  },
  devDependencies: {
    "@types/node": "^20.0.0",
    "sirv-cli": "3.0.1",
    typescript: devDependencies.typescript,
  },
};

const tsconfig = {
  compilerOptions: {
    target: "es2022",
    module: "nodenext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
    outDir: "build",
  },
  include: ["*.ts"],
};

export const init = new CommandWithVariables("init")
  .description("Write a commented events.ts, a typed publish script and a page that listens.")
  .argument("[dir]", "the folder, made if need be", ".")
  .option("--page", "write only a page, which needs no package and no build")
  .addHelpText("after", ({ command }) =>
    notesAndExamples(command, "Nothing is overwritten.", ["tidings init demo", "tidings init --page demo"]),
  )
  .action(run);

type Files = ReadonlyMap<string, string | Uint8Array>;

async function run(dir: string, { page: isPage = false }: { readonly page?: boolean }): Promise<void> {
  const files: Files = isPage ? new Map([["index.html", textOf(plainPage)]]) : await projectFiles();
  await assertAbsent([...files.keys()].map((name) => join(dir, name)));
  try {
    await mkdir(dir, { recursive: true });
    for (const [name, content] of files) await writeFile(join(dir, name), content, { flag: "wx" });
  } catch (error) {
    throw new CliError(`can't write to ${dir}: ${reasonOf(error)}`);
  }
  await print((isPage ? nextStepsOfPage : nextSteps)(dir, [...files.keys()]));
}

async function projectFiles(): Promise<Files> {
  return new Map<string, string | Uint8Array>([
    ["events.ts", textOf(events)],
    ["publish.ts", textOf(publish)],
    ["index.html", textOf(page)],
    ["package.json", json(packageJson)],
    ["tsconfig.json", json(tsconfig)],
    [tarball, await packedLibrary()],
  ]);
}

async function assertAbsent(paths: readonly string[]): Promise<void> {
  const present: string[] = [];
  for (const path of paths) if (await Bun.file(path).exists()) present.push(path);
  if (present.length > 0) throw new CliError(`nothing is overwritten, and there is ${present.join(", ")}`);
}

/** The packed library, which the build puts into the executable. */
async function packedLibrary(): Promise<Uint8Array> {
  const { default: path } = await import("../../dist/package.tgz", { with: { type: "file" } });
  return Bun.file(path).bytes();
}

/** The text of an import. TypeScript takes it for a module, because of the name of the file. */
function textOf(imported: object): string {
  return (imported as { default: unknown }).default as string;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function nextSteps(dir: string, files: readonly string[]): string {
  const command = quoted(program(dir));
  const enter = dir === "." ? "" : `  cd ${quoted(dir)}\n`;
  return `Wrote ${files.join(", ")}.

Next, with Node 20 or later:

${enter}  npm install
  ${command} serve --events events.ts --cors-origin ${PAGE}

Then, each in a terminal of its own in the same folder:

  npm start
  npm run page

The first publishes typed events, the second serves the page that shows them: open ${PAGE}

Without Node, let this program be Bun instead of npm and node:

  BUN_BE_BUN=1 ${command} install
  BUN_BE_BUN=1 ${command} publish.ts
`;
}

function nextStepsOfPage(dir: string, files: readonly string[]): string {
  const command = quoted(program("."));
  const folder = quoted(dir);
  return `Wrote ${files.map((file) => join(dir, file)).join(", ")}, which reads with the hub's own SDK.

Next, each in a terminal of its own:

  ${command} serve --cors-origin ${PAGE}
  npx --yes sirv-cli@${packageJson.devDependencies["sirv-cli"]} ${folder} --dev --host localhost --port 8080
  ${command} publish greeting --text hello

Any other program that serves files will do, too, such as python3 -m http.server. Open ${PAGE}
`;
}

/** The command that calls this program from the folder. */
function program(dir: string): string {
  if (Bun.which("tidings") === process.execPath || !process.execPath.includes("tidings")) return "tidings";
  const path = relative(dir, process.execPath);
  if (path.startsWith(`..${sep}..${sep}..`)) return process.execPath;
  return path.startsWith("..") ? path : `.${sep}${path}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
