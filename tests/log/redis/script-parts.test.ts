import { expect, test } from "bun:test";
import { type Operation, PARTS } from "../../../src/log/redis/scripts.ts";

const scripts = Object.entries(PARTS) as [Operation, readonly string[]][];

/** Without its comments, and without what its texts say. */
function codeOf(part: string): string {
  return part.replace(/--.*/g, "").replace(/'[^']*'/g, "''");
}

/** The functions, and the other names, that a part has for those that come after it. */
function declaredBy(part: string): { functions: string[]; others: string[] } {
  const code = codeOf(part);
  const functions = Array.from(code.matchAll(/^local function (\w+)/gm), ([, name = ""]) => name);
  const others = Array.from(
    code.matchAll(/^local (?!function)([\w, ]+?) *(?:=|$)/gm),
    ([, names = ""]) => names,
  );
  return { functions, others: others.flatMap((names) => names.split(", ")) };
}

/** Finds where a name that a part has is used. */
const uses = new Map<string, RegExp>();
for (const part of new Set(scripts.flatMap(([, parts]) => parts.slice(0, -1)))) {
  const { functions, others } = declaredBy(part);
  for (const name of functions) uses.set(name, new RegExp(`(?<!function |[.:\\w])${name}\\(`));
  for (const name of others) uses.set(name, new RegExp(`(?<![.:\\w])${name}\\b`));
}

test.each(scripts)("the parts of %s have all that they use, before it is used", (_, parts) => {
  const lacking: string[] = [];
  const known = new Set<string>();
  for (const part of parts) {
    const { functions, others } = declaredBy(part);
    for (const name of [...functions, ...others]) known.add(name);
    for (const [name, use] of uses) if (!known.has(name) && use.test(codeOf(part))) lacking.push(name);
  }
  expect(lacking).toEqual([]);
});

test.each(scripts)("%s uses something of each of its parts", (_, parts) => {
  const unused = parts.slice(0, -1).filter((part, i) => {
    const { functions, others } = declaredBy(part);
    const rest = parts.slice(i + 1).map(codeOf);
    return ![...functions, ...others].some((name) => rest.some((code) => uses.get(name)?.test(code)));
  });
  expect(unused).toEqual([]);
});

test("an append, which comes most often, makes no function that it does not use", () => {
  const functions = PARTS.append.flatMap((part) => declaredBy(part).functions);
  const code = PARTS.append.map(codeOf).join("\n");
  expect(functions.length).toBeGreaterThan(20);
  expect(functions.filter((name) => !uses.get(name)?.test(code))).toEqual([]);
});
