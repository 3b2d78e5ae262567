import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import fc from "fast-check";
import { exampleOf } from "../../src/console/page/publish/example.ts";
import {
  initialValue,
  type JsonSchema,
  nameOf,
  pointer,
  shapeOf,
  variantOf,
} from "../../src/console/page/publish/schema.ts";
import { builtinEvents } from "../../src/events/builtin.ts";
import { Catalog } from "../../src/events/catalog.ts";

/** As the page has it, from `GET /catalog`. */
const sent = (schema: unknown): JsonSchema => JSON.parse(JSON.stringify(schema));

describe("what a form draws", () => {
  for (const [type, schema] of Object.entries(builtinEvents)) {
    test(`${type} has a field for every property`, () => {
      const shape = shapeOf(sent(schema));
      expect(shape.kind).toBe("object");
      if (shape.kind !== "object") return;
      expect(shape.properties.map(({ name }) => name)).toEqual(Object.keys(schema.properties));
      const needed: readonly string[] = schema.required ?? [];
      for (const { name, required } of shape.properties) expect(required).toBe(needed.includes(name));
    });
  }

  const kinds: [unknown, string][] = [
    [Type.String(), "text"],
    [Type.Integer(), "number"],
    [Type.Boolean(), "boolean"],
    [Type.Null(), "null"],
    [Type.Literal("a"), "constant"],
    [Type.Union([Type.Literal("a"), Type.Literal(2)]), "choice"],
    [Type.Union([Type.String(), Type.Null()]), "union"],
    [Type.Object({}), "json"],
    [Type.Object({ a: Type.String() }), "object"],
    [Type.Record(Type.String(), Type.Number()), "record"],
    [Type.Array(Type.String()), "array"],
    [Type.Tuple([Type.String(), Type.Number()]), "tuple"],
    [Type.Unknown(), "json"],
    [Type.Any(), "json"],
    [Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })]), "json"],
    [Type.Recursive((self) => Type.Object({ children: Type.Array(self) })), "object"],
    [{ type: ["string", "null"] }, "union"],
    [{ enum: ["a", "b"] }, "choice"],
  ];
  for (const [schema, kind] of kinds) {
    test(`${JSON.stringify(schema)} is drawn as ${kind}`, () => {
      const drawn: string = shapeOf(sent(schema)).kind;
      expect(drawn).toBe(kind);
    });
  }

  test("a number that is a Unix time can be now, in its unit", () => {
    const seconds = shapeOf({ type: "number", description: "Unix time in seconds" });
    const milliseconds = shapeOf({ type: "integer", description: "Unix milliseconds" });
    expect(seconds.kind === "number" && seconds.now?.()).toBeLessThan(1e11);
    expect(milliseconds.kind === "number" && milliseconds.now?.()).toBeGreaterThan(1e12);
  });
});

test("a form begins with all that the schema already says", () => {
  const schema = Type.Object({
    kind: Type.Literal("order"),
    at: Type.String({ format: "date-time" }),
    name: Type.String(),
    tags: Type.Array(Type.String()),
    inner: Type.Object({ paid: Type.Boolean(), note: Type.Optional(Type.String()) }),
    retries: Type.Integer({ default: 3 }),
  });
  const value = initialValue(sent(schema));
  expect(value).toMatchObject({ kind: "order", tags: [], inner: { paid: false }, retries: 3 });
  expect(value).not.toHaveProperty("name");
  // Once a name is filled in, the hub takes it.
  const catalog = new Catalog({ order: schema });
  expect(catalog.violations("order", { ...(value as object), name: "x" })).toEqual([]);
});

test("an event that is opened again finds its variant of a union", () => {
  const { anyOf = [] } = sent(
    Type.Union([
      Type.Object({ kind: Type.Literal("card"), digits: Type.String() }),
      Type.Object({ kind: Type.Literal("invoice"), days: Type.Integer() }),
      Type.Null(),
    ]),
  );
  expect(anyOf.map(nameOf)).toEqual(["card", "invoice", "null"]);
  expect(variantOf(anyOf, { kind: "invoice", days: 3 })).toBe(1);
  expect(variantOf(anyOf, null)).toBe(2);
  expect(variantOf(anyOf, "none of them")).toBe(0);
});

test("a pointer is one that the hub's reasons have (RFC 6901)", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const catalog = new Catalog({ e: Type.Object({ [name]: Type.String() }) });
      fc.pre(name !== "__proto__");
      expect(catalog.violations("e", {}, "/data").map(({ path }) => path)).toEqual([pointer("/data", name)]);
    }),
  );
});

describe("an example is data that the hub takes", () => {
  const own = {
    order: Type.Object({
      id: Type.Integer({ minimum: 10, multipleOf: 4 }),
      price: Type.Number({ exclusiveMinimum: 5 }),
      debt: Type.Integer({ maximum: -3 }),
      currency: Type.Union([Type.Literal("EUR"), Type.Literal("USD")]),
      customer: Type.Object({ name: Type.String({ minLength: 12 }), short: Type.String({ maxLength: 2 }) }),
      items: Type.Array(Type.Object({ sku: Type.String() }), { minItems: 2 }),
      payment: Type.Union([Type.Object({ kind: Type.Literal("card") }), Type.Null()]),
      size: Type.Tuple([Type.Number(), Type.String()]),
      code: Type.String({ pattern: "^[A-Z]{3}$", examples: ["ABC"] }),
    }),
    note: Type.String(),
    marker: Type.Null(),
  };
  const catalog = new Catalog(own);
  for (const [type, schema] of Object.entries({ ...builtinEvents, ...own })) {
    test(type, () => {
      expect(catalog.violations(type, exampleOf(type, sent(schema)))).toEqual([]);
    });
  }
});
