import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { t } from "elysia";
import { Catalog } from "../../src/events/catalog.ts";
import { compileSchemas } from "../../src/events/schema.ts";

describe("refused, with the type's name", () => {
  const cases: [what: string, value: unknown, message: string][] = [
    ["no object", 1, "a catalog is an object that maps event types to TypeBox schemas"],
    ["a list", [], "a catalog is an object that maps event types to TypeBox schemas"],
    ["one schema", Type.Object({}), "a catalog is an object that maps event types to TypeBox schemas"],
    ["no schema", { a: 1 }, '"a" is not a TypeBox schema, such as Type.Object({ … })'],
    ["null", { a: null }, '"a" is not a TypeBox schema, such as Type.Object({ … })'],
    [
      "plain JSON Schema",
      { a: { type: "string" } },
      '"a" is not a TypeBox schema, such as Type.Object({ … })',
    ],
    [
      "a name of the hub's",
      { connected: Type.Any() },
      '"connected" can\'t be an event type. Expected another type: connected and tidings.… belong to the hub',
    ],
    [
      "any name of the hub's",
      { "tidings.x": Type.Any() },
      "Expected another type: connected and tidings.… belong to the hub",
    ],
    [
      "a name of an EventSource's own",
      { error: Type.Any() },
      "Expected another type: an EventSource takes error and open for its own events",
    ],
    ["what is no name", { "a\nb": Type.Any() }, '"a\\nb" can\'t be an event type. Expected 1 to 1,024 bytes'],
    [
      "an unknown format",
      { a: Type.Object({ to: Type.Array(Type.String({ format: "emial" })) }) },
      '"a" has at /properties/to/items the format "emial", which is not known',
    ],
    [
      "a dangling reference",
      { a: Type.Object({ to: Type.Ref("B") }) },
      "\"a\" has a schema that can't be compiled: Unable to dereference schema with $id 'B'",
    ],
    ["what JSON can't carry", { a: Type.Date() }, '"a" asks for a Date, which JSON can\'t carry'],
    [
      "what JSON can't carry, within",
      { a: Type.Object({ n: Type.Optional(Type.BigInt()) }) },
      '"a" asks at /properties/n for a BigInt, which JSON can\'t carry',
    ],
    [
      "a file",
      { a: t.Object({ f: t.File() }) },
      '"a" asks at /properties/f for a File, which JSON can\'t carry',
    ],
  ];
  test.each(cases)("%s", (_, value, message) => {
    expect(() => compileSchemas(value)).toThrow(message);
  });
});

const formats: [format: string, good: string, bad: string][] = [
  ["date-time", "2026-01-31T12:00:00Z", "yesterday"],
  ["date", "2026-01-31", "31st"],
  ["email", "a@example.org", "a at example"],
  ["uuid", "123e4567-e89b-12d3-a456-426614174000", "123"],
  ["uri", "https://example.org/a?b#c", "//"],
  ["ipv4", "192.0.2.1", "192.0.2.256"],
  ["ipv6", "2001:db8::1", "2001:db8::g"],
  ["hostname", "example.org", "-"],
  ["json-pointer", "/a/b", "a/b"],
];
test.each(formats)("the format %s works", (format, good, bad) => {
  const catalog = new Catalog({ a: Type.String({ format }) });
  expect(catalog.violations("a", good)).toEqual([]);
  expect(catalog.violations("a", bad)).toEqual([{ path: "", message: `Expected ${format}` }]);
});

test("schemas of Elysia's t, of a Date among others, and recursive ones work", () => {
  const catalog = new Catalog({
    a: t.Object({ at: t.Date(), n: t.Numeric(), kind: t.UnionEnum(["x", "y"]) }),
    tree: Type.Recursive((Self) => Type.Object({ children: Type.Array(Self) })),
  });
  expect(catalog.violations("a", { at: "2026-01-31T12:00:00Z", n: 1, kind: "x" })).toEqual([]);
  expect(catalog.violations("a", { at: "soon", n: 1, kind: "z" }).map(({ path }) => path)).toEqual([
    "/at",
    "/kind",
  ]);
  expect(catalog.violations("tree", { children: [{ children: [] }] })).toEqual([]);
  expect(catalog.violations("tree", { children: [{}] })).not.toEqual([]);
});

test("other types take the place of the added ones at once, or not at all", () => {
  const catalog = new Catalog({ a: Type.String(), "trace-update": Type.String() });
  expect(catalog.violations("trace-update", "mine")).toEqual([]);
  expect(() => catalog.replace({ b: Type.String(), c: 1 as never })).toThrow('"c" is not');
  expect([catalog.has("a"), catalog.has("b")]).toEqual([true, false]);
  catalog.replace({ b: Type.String() });
  expect([catalog.has("a"), catalog.has("b"), Object.keys(catalog.schemas).includes("a")]).toEqual([
    false,
    true,
    false,
  ]);
  expect(catalog.violations("trace-update", "mine")).not.toEqual([]);
  expect(catalog.has("toString")).toBe(false);
});
