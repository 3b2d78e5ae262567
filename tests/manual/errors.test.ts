import { expect, test } from "bun:test";
import { HubEvent } from "../../src/protocol/hub-events.ts";
import { PROBLEM_TITLES } from "../../src/protocol/problem.ts";
import { startKeyedHub } from "../http/keyed-hub.ts";
import { describedAt, operationsOf } from "../http/openapi/description.ts";

const page = await Bun.file(new URL("../../src/manual/errors.md", import.meta.url)).text();

test("each event of the hub's own stands among the frames", async () => {
  const frames = await Bun.file(new URL("../../src/manual/frames.md", import.meta.url)).text();
  const named = Array.from(frames.matchAll(/^\| `((?:connected|tidings\.)\S*)`/gm), ([, name]) => name);
  expect(named.toSorted()).toEqual(Object.values(HubEvent).sort());
});

test("each type of problem has a section, and no other", () => {
  const sections = Array.from(page.matchAll(/^### (.+)$/gm), ([, heading]) => heading);
  expect(sections.toSorted()).toEqual(Object.keys(PROBLEM_TITLES).sort());
});

test("each status with which a route refuses stands there, and by its type where it has one", async () => {
  const operations = operationsOf(await describedAt(startKeyedHub().url));
  for (const [name, { responses }] of operations) {
    for (const [status, { content = {} }] of Object.entries(responses)) {
      if (status < "400") continue;
      expect([name, status, page.includes(status)]).toEqual([name, status, true]);
      const examples = Object.values(content).flatMap(({ examples: all = {} }) => Object.values(all));
      for (const { value } of examples) {
        const { type } = value as { type?: string };
        if (type === undefined) continue;
        const section = page.split(`### ${type}\n`)[1]?.split("\n## ")[0]?.split("\n### ")[0] ?? "";
        expect([type, section.includes(status)]).toEqual([type, true]);
      }
    }
  }
});
