import { expect, test } from "bun:test";
import { join } from "node:path";
import { pageNames } from "../../src/manual/pages.ts";
import { emptyFolder } from "../folder.ts";
import { commandsOf, keepsRunning, runDocument, type Steps } from "../readme/document.ts";
import { sectionsOf } from "../readme/markdown.ts";
import { unrunnable } from "./languages.ts";

/** What is to be said of commands besides what their pages say; see {@link runDocument}. */
const steps: Readonly<Record<string, Steps>> = {
  browser: {
    "npx --yes sirv-cli@3.0.1 . --dev --host localhost --port 8080": {
      keeps: true,
      shows: /ready/,
      after: (visitor) => visitor.opens("http://localhost:8080/"),
    },
    "tidings publish greeting --text 'hello, browser' --topic greetings": {
      after: (visitor) => visitor.sees("hello, browser"),
    },
    "tidings publish greeting --text 'hello, SDK' --topic greetings": {
      after: async (visitor) => {
        await visitor.opens("http://localhost:8080/sdk.html");
        await visitor.sees("hello, browser");
        await visitor.sees("hello, SDK");
      },
    },
    "tidings init --page everything": {
      after: async (visitor) => {
        // The page that init wrote is told where the hub is.
        await visitor.opens("http://localhost:8080/everything/?hub=http://127.0.0.1:3000");
        await visitor.sees(/^Connected to /);
      },
    },
    "tidings publish greeting --text 'hello, everything' --topic greetings": {
      after: (visitor) => visitor.sees("hello, everything"),
    },
  },
  typescript: {
    "tidings init demo": { writes: "demo/package.json" },
    "npm start": { keeps: true, shows: /order 1 published to 0 clients/ },
    "npm run page": {
      keeps: true,
      shows: /ready/,
      after: async (visitor) => {
        // The page that init wrote is told where the hub is.
        await visitor.opens("http://localhost:8080/?hub=http://127.0.0.1:3000");
        await visitor.sees(/Order \d+ over [\d.]+ €/);
        await visitor.sees(/Order \d+ is on its way by bike/);
      },
    },
    "BUN_BE_BUN=1 tidings publish.ts": { keeps: true, shows: /order 1 published to \d+ clients/ },
  },
  python: { "python3 read.py": { keeps: true } },
  go: { "go run .": { keeps: true } },
  presence: {
    "TIDINGS_TOKEN=$(cat alice) tidings listen --topic rooms/7 --presence": {
      after: (visitor) => visitor.hasClients(1),
    },
  },
  database: { "BUN_BE_BUN=1 tidings relay.ts": { keeps: true } },
  application: {
    "bun app.ts": { keeps: true, after: (visitor) => visitor.answers("/live/status") },
    "bun --hot hot.ts": { keeps: true, after: (visitor) => visitor.listens("http://127.0.0.1:8082/status") },
    "bun hono.ts": { keeps: true, after: (visitor) => visitor.listens("http://127.0.0.1:8081") },
    "bun sessions.ts": { keeps: true, after: (visitor) => visitor.listens("http://127.0.0.1:8083") },
    "bun hooks.ts": { keeps: true, after: (visitor) => visitor.listens("http://127.0.0.1:8082") },
    "bun stream.ts": { keeps: true, after: (visitor) => visitor.listens("http://127.0.0.1:8080") },
  },
  "from-better-sse": {
    "bun after.ts": { keeps: true, after: (visitor) => visitor.listens("http://127.0.0.1:8083") },
  },
  types: {
    'tidings publish order-craeted \'{"id":1,"total":2}\'': { code: 2 },
  },
  keys: {
    // The hub notices a change of its files a moment later.
    "TIDINGS_TOKEN=$(tail -n 1 publish-keys) tidings publish greeting --text 'signed by the new key'": {
      again: true,
    },
  },
};

const root = join(import.meta.dir, "../..");
/** What is about a checkout runs in this one. */
const IN_CHECKOUT: ReadonlySet<string> = new Set(["measurements"]);

/** Files that are run, and not only shown, need a command that runs them. */
const PROGRAMS = ["ts", "js", "html", "py", "go", "php"];

const pages = await Promise.all(
  pageNames.map(async (name) => {
    const sections = sectionsOf(await Bun.file(join(root, `src/manual/${name}.md`)).text());
    const blocks = sections.flatMap((section) => section.blocks);
    const typed = blocks.filter(({ language, file }) => language === "sh" && file === undefined);
    return { name, sections, blocks, typed: typed.map(({ text }) => commandsOf(text)) };
  }),
);

test("each program is a file", () => {
  const loose = pages.flatMap(({ name, blocks }) =>
    blocks
      .filter(({ language, file }) => PROGRAMS.includes(language) && file === undefined)
      .map(({ text }) => `${name}: ${text}`),
  );
  expect(loose).toEqual([]);
});

test("each step is a command of its page", () => {
  const unknown = Object.entries(steps).flatMap(([name, ofPage]) => {
    const commands = pages.find((page) => page.name === name)?.typed.flat();
    return Object.keys(ofPage).filter((command) => !commands?.includes(command));
  });
  expect(unknown).toEqual([]);
});

test("nothing follows in its block on a command that keeps running: a reader copies blocks", () => {
  const followed = pages.flatMap(({ name, typed }) =>
    typed.flatMap((commands) =>
      commands.slice(0, -1).filter((command) => keepsRunning(command, steps[name] ?? {})),
    ),
  );
  expect(followed).toEqual([]);
});

for (const { name, sections, typed } of pages) {
  if (typed.length === 0) continue;
  test.skipIf(unrunnable.has(name))(
    `the commands of ${name}.md run, and show what it says`,
    () => runDocument(sections, IN_CHECKOUT.has(name) ? root : emptyFolder(), steps[name]),
    180_000,
  );
}
