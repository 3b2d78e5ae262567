import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { pageNames } from "../../src/manual/pages.ts";
import { emptyFolder } from "../folder.ts";
import { commandsOf, runDocument, type Steps } from "../readme/document.ts";
import { sectionsOf } from "../readme/markdown.ts";

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

/** Files that are run, and not only shown, need a command that runs them. */
const PROGRAMS = ["ts", "js", "html", "py", "go", "php"];

const sectionsIn = async (name: string) => {
  const markdown = await Bun.file(join(import.meta.dir, `../../src/manual/${name}.md`)).text();
  return sectionsOf(markdown);
};

describe.each([...pageNames])("%s", (name) => {
  test("each of its programs is a file, and each step is one of its commands", async () => {
    const blocks = (await sectionsIn(name)).flatMap(({ blocks }) => blocks);
    const loose = blocks.filter(({ language, file }) => PROGRAMS.includes(language) && file === undefined);
    expect(loose).toEqual([]);
    const commands = blocks
      .filter(({ language }) => language === "sh")
      .flatMap(({ text }) => commandsOf(text));
    expect(Object.keys(steps[name] ?? {}).filter((command) => !commands.includes(command))).toEqual([]);
  });

  test("its commands run, and show what it says", async () => {
    await runDocument(await sectionsIn(name), emptyFolder(), steps[name]);
  }, 60_000);
});
