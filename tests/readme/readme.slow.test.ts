import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageNames } from "../../src/manual/pages.ts";
import { commandsOf, runDocument, type Steps } from "./document.ts";
import { sectionsOf } from "./markdown.ts";

/** More nobody reads. */
const MOST_WORDS = 1200;

const root = fileURLToPath(new URL("../../", import.meta.url));
const readme = await Bun.file(join(root, "README.md")).text();
const sections = sectionsOf(readme);

/** What is to be said of commands besides what the README says. */
const steps: Steps = {
  "scripts/start": { keeps: true, shows: /Tidings .* on http/ },
  "tidings listen": {
    after: (visitor) => visitor.hasClients(1),
    later: /\tgreeting\t-\t"hello"[\s\S]*\tgreeting\t-\t"hello"[\s\S]*\thealth-update\t/,
  },
  "tidings publish greeting --text hello": { shows: /^\S+\n$/ },
  "curl -N http://127.0.0.1:3000/events": { later: /event: greeting\ndata: "hello"/ },
  'curl http://127.0.0.1:3000/publish -H \'content-type: application/json\' -d \'{"type":"greeting","data":"hello"}\'':
    { shows: /"recipients":2/ },
  "redis-server --port 6379 --save ''": { keeps: true, shows: /Ready to accept connections/ },
  "tidings listen --last-event-id earliest --url http://127.0.0.1:3001": {
    later: /\tgreeting\t-\t"hello, other node"/,
  },
  "tidings publish greeting --text 'hello, other node' --url http://127.0.0.1:3002": { again: true },
  "scripts/publish": { keeps: true, shows: / load .*, memory .*, disk / },
};

/** Not run by this, because they run it. */
const DEVELOPMENT = ["scripts/start", "scripts/test"];

test("the README is short", () => {
  expect(readme.split(/\s+/).filter((word) => /\w/.test(word)).length).toBeLessThanOrEqual(MOST_WORDS);
});

test("its commands run in a checkout, and show what it says", async () => {
  const own = sections.filter(({ heading }) => heading !== "Development");
  const commands = own
    .flatMap(({ blocks }) => blocks)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => commandsOf(text));
  expect(Object.keys(steps).filter((command) => !commands.includes(command))).toEqual([]);
  await runDocument(own, root, steps);
}, 120_000);

test("what it says of development is what runs this", () => {
  const development = sections.find(({ heading }) => heading === "Development");
  expect(development?.blocks.flatMap(({ text }) => commandsOf(text))).toEqual(DEVELOPMENT);
});

test("it leads to each page of the manual", () => {
  expect(pageNames.filter((name) => !readme.includes(`](src/manual/${name}.md`))).toEqual([]);
});

test("each picture of the console is shown", async () => {
  const pictures = await readdir(join(root, ".github/images"));
  const shown = Array.from(readme.matchAll(/\.github\/images\/([\w.-]+)/g), ([, name]) => name);
  expect(pictures.toSorted()).toEqual([...new Set(shown)].sort() as string[]);
});

test("a link to a file leads to one", async () => {
  for (const [, path = ""] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
    expect([path, await Bun.file(join(root, path)).exists()]).toEqual([path, true]);
  }
});
