import { expect, test } from "bun:test";
import { parseTemplate } from "../../src/topics/uri-template.ts";

test("a template matches what it can expand to", () => {
  const table: [template: string, yes: string[], no: string[]][] = [
    ["{id}", ["", "a,b", "%2F", "A-._~1"], ["/", "a:b", "a!b", "%zz", "é"]],
    ["{a,b}", ["1", "1,2"], ["1/2"]],
    ["x{?q}", ["x", "x?q=1"], ["x?", "x?r=1", "x?q=1&r=2"]],
    ["x{?q,r}", ["x", "x?q=1", "x?q=1&r=2", "x?r=2"], ["x?q=1&", "x?s=1"]],
    ["x?a=1{&q}", ["x?a=1", "x?a=1&q=2"], ["x?a=1q=2"]],
    ["x{#f}", ["x", "x#f", "x#a/b"], ["xf"]],
    ["x{.e}", ["x", "x.json"], ["x/json"]],
    ["x{;p}", ["x", "x;p", "x;p=1"], ["x;q=1"]],
    ["x{/p}", ["x", "x/p"], ["x/p/q"]],
    ["x{/p*}", ["x", "x/p", "x/p/q"], ["xp"]],
    ["{+p}", ["https://e.com/a?b=c#d", ""], ["é", "a b"]],
    ["{id}x{id}", ["1x1", "x"], ["1"]],
    ["https://e.com/{a}/{b:3}", ["https://e.com/1/2"], ["https://e.com/1", "https://e.com/1/2/3"]],
  ];
  for (const [template, yes, no] of table) {
    const { test, prefix } = parseTemplate(template);
    const found = [...yes, ...no].filter((text) => text.startsWith(prefix) && test(text));
    expect([template, found]).toEqual([template, yes]);
  }
});

test("what is no template is refused", () => {
  for (const text of ["{", "}", "a{b", "{a b}", "{}", "{|a}", "{a,}", "{a{b}}"]) {
    expect(() => parseTemplate(text)).toThrow();
  }
});
