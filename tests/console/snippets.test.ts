import { expect, test } from "bun:test";
import fc from "fast-check";
import { snippets } from "../../src/console/page/publish/snippets.ts";
import { json, topic, typeName } from "../protocol/arbitrary.ts";

const about = { isBuiltin: false, keyed: false };

/** What a shell makes of a command: the words that the program is given, and its input. */
async function wordsOf(command: string): Promise<string[]> {
  const show = `show() { for word; do printf '%s\\0' "$word"; done; }`;
  // A pipe's last program shows its input first.
  const script = `${show}; curl() { show "$@"; }; tidings() { [ "$2" != - ] || cat; show "$@"; }; ${command}`;
  const child = Bun.spawn(["sh", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  const output = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return output.split("\0").slice(0, -1);
}

// A word of a command can hold no NUL.
const word = typeName.filter((name) => !name.includes("\0"));
const event = fc.record(
  { type: word, data: json, topics: fc.array(topic, { minLength: 1, maxLength: 2 }), id: word },
  { requiredKeys: ["type", "data"] },
);

test("a shell gives curl the event, whatever is in it", async () => {
  await fc.assert(
    fc.asyncProperty(event, async (published) => {
      const words = await wordsOf(snippets["curl"]?.(published, about) ?? "");
      expect(words.slice(0, 4)).toEqual([
        "http://localhost/publish",
        "-H",
        "content-type: application/json",
        "-d",
      ]);
      expect(JSON.parse(words[4] ?? "")).toEqual(JSON.parse(JSON.stringify(published)));
    }),
    { numRuns: 60 },
  );
});

test("a shell gives the command the event, whatever is in it", async () => {
  await fc.assert(
    fc.asyncProperty(event, async ({ topics = [], id, ...published }) => {
      const { type, data } = published;
      const words = await wordsOf(
        snippets["cli"]?.({ ...published, topics, ...(id && { id }) }, about) ?? "",
      );
      if (words[1] === "-") {
        const [line = ""] = words[0]?.split("\n") ?? [];
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify({ type, data, topics, id })));
        return;
      }
      expect(words.slice(0, 2)).toEqual(["publish", type]);
      expect(JSON.parse(words[2] ?? "")).toEqual(JSON.parse(JSON.stringify(data)));
      const flags = topics.flatMap((name) => ["--topic", name]);
      expect(words.slice(3)).toEqual([...flags, ...(id ? ["--id", id] : []), "--url", "http://localhost"]);
    }),
    { numRuns: 60 },
  );
});

test("what the command would take for a flag goes in as a line of input", () => {
  const cli = (published: Parameters<NonNullable<(typeof snippets)["cli"]>>[0]) =>
    snippets["cli"]?.(published, about);
  expect(cli({ type: "e", data: -5 })).toStartWith("printf");
  expect(cli({ type: "-e", data: 5 })).toStartWith("printf");
  expect(cli({ type: "e", data: 5, private: true })).toContain('"private":true');
  expect(cli({ type: "e", data: 5 })).toBe("tidings publish e 5 \\\n  --url http://localhost");
});

test("the TypeScript is what a person would write, with a token where the hub asks for one", () => {
  const sdk = snippets["sdk"];
  expect(
    sdk?.({ type: "order", data: { id: 1, "a-b": "x" }, topics: ["t"] }, { isBuiltin: false, keyed: true }),
  ).toBe(
    `import { createPublisher } from "tidings/sdk";
import type events from "./events";

const hub = createPublisher<typeof events>({ url: "http://localhost", token: process.env.TIDINGS_TOKEN });
await hub.publish("order", {
  id: 1,
  "a-b": "x"
}, {
  topics: [
    "t"
  ]
});`,
  );
});
