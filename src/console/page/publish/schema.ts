import { isRecord } from "../../../sdk/narrow.ts";

/** The keywords of JSON Schema that the form knows. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
}

/** What a schema asks for, as the form draws it. */
export type Shape =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "choice"; readonly values: readonly unknown[] }
  | { readonly kind: "union"; readonly variants: readonly JsonSchema[] }
  | { readonly kind: "object"; readonly properties: readonly Property[] }
  | { readonly kind: "record"; readonly values: JsonSchema }
  | { readonly kind: "array"; readonly items: JsonSchema }
  | { readonly kind: "tuple"; readonly items: readonly JsonSchema[] }
  | { readonly kind: "text"; readonly now?: () => string }
  | { readonly kind: "number"; readonly whole: boolean; readonly now?: () => number }
  | { readonly kind: "boolean" }
  | { readonly kind: "null" }
  /** Anything, or what the form has no words for: JSON. */
  | { readonly kind: "json" };

export interface Property {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

export function shapeOf(schema: JsonSchema): Shape {
  if ("const" in schema) return { kind: "constant", value: schema.const };
  if (schema.enum) return { kind: "choice", values: schema.enum };
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) {
    const isChoice = variants.every((variant) => "const" in variant);
    return isChoice
      ? { kind: "choice", values: variants.map((variant) => variant.const) }
      : { kind: "union", variants };
  }
  if (Array.isArray(schema.type)) {
    const types: readonly string[] = schema.type;
    return { kind: "union", variants: types.map((type) => ({ ...schema, type })) };
  }
  switch (schema.type) {
    case "object":
      return objectShape(schema);
    case "array":
      if (Array.isArray(schema.items)) return { kind: "tuple", items: schema.items as readonly JsonSchema[] };
      return schema.items ? { kind: "array", items: schema.items as JsonSchema } : { kind: "json" };
    case "string":
      return schema.format === "date-time"
        ? { kind: "text", now: () => new Date().toISOString() }
        : { kind: "text" };
    case "number":
    case "integer":
      return numberShape(schema);
    case "boolean":
    case "null":
      return { kind: schema.type };
    default:
      return { kind: "json" };
  }
}

/** A schema says only in words that a number is a time. */
function numberShape({ type, description = "" }: JsonSchema): Shape {
  const shape = { kind: "number", whole: type === "integer" } as const;
  if (!/\bunix\b/i.test(description)) return shape;
  const unit = /milli|\bms\b/i.test(description) ? 1 : 1000;
  return { ...shape, now: () => Math.floor(Date.now() / unit) };
}

function objectShape({
  properties = {},
  required = [],
  additionalProperties,
  patternProperties = {},
}: JsonSchema): Shape {
  const names = Object.entries(properties);
  if (names.length > 0) {
    return {
      kind: "object",
      properties: names.map(([name, schema]) => ({ name, schema, required: required.includes(name) })),
    };
  }
  const [values] = Object.values(patternProperties);
  if (values) return { kind: "record", values };
  return typeof additionalProperties === "object"
    ? { kind: "record", values: additionalProperties }
    : { kind: "json" };
}

/** With what a form begins: all that is required, as far as it is known; undefined where it is not. */
export function initialValue(schema: JsonSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "constant":
      return shape.value;
    case "object":
      return Object.fromEntries(
        shape.properties
          .filter(({ required }) => required)
          .map(({ name, schema: property }) => [name, initialValue(property)] as const)
          .filter(([, value]) => value !== undefined),
      );
    case "record":
      return {};
    case "array":
      return [];
    case "tuple":
      return shape.items.map((item) => initialValue(item) ?? null);
    case "union":
      return shape.variants[0] && initialValue(shape.variants[0]);
    case "text":
    case "number":
      return shape.now?.();
    case "boolean":
      return false;
    case "null":
      return null;
    default:
      return undefined;
  }
}

/** Which of the variants a value most likely is: the first whose outline it has. */
export function variantOf(variants: readonly JsonSchema[], value: unknown): number {
  const index = variants.findIndex((variant) => hasOutline(variant, value));
  return Math.max(0, index);
}

/** What a variant is called. */
export function nameOf(schema: JsonSchema): string {
  if (schema.title) return schema.title;
  const shape = shapeOf(schema);
  if (shape.kind === "constant") return JSON.stringify(shape.value);
  if (shape.kind === "object") {
    // Told apart by a constant of its own, as variants of a union usually are.
    for (const { schema: property } of shape.properties) {
      if ("const" in property) return String(property.const);
    }
    return shape.properties.map(({ name }) => name).join(", ");
  }
  if (shape.kind === "text") return "text";
  return shape.kind;
}

function hasOutline(schema: JsonSchema, value: unknown): boolean {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "constant":
      return shape.value === value;
    case "choice":
      return shape.values.includes(value);
    case "union":
      return shape.variants.some((variant) => hasOutline(variant, value));
    case "object": {
      const members = membersOf(value);
      return (
        members !== undefined &&
        shape.properties.every(({ name, schema: property, required }) =>
          "const" in property ? members[name] === property.const : !required || name in members,
        )
      );
    }
    case "record":
      return membersOf(value) !== undefined;
    case "array":
    case "tuple":
      return Array.isArray(value);
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "null":
      return value === null;
    default:
      return true;
  }
}

/** The members of an object; undefined for anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isRecord(value) ? value : undefined;
}

/** A step down a JSON Pointer (RFC 6901). */
export function pointer(base: string, step: string | number): string {
  return `${base}/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
