import { FormatRegistry, Kind, KindGuard, type TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { fullFormats } from "elysia/type-system/format";
import { typeFault } from "./names.ts";

/** Event types, each with the schema of its data. */
export type EventSchemas = Readonly<Record<string, TSchema>>;

/** A catalog can't be used. The message names the event type and the reason. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
}

/** The compiled schemas. Each is compiled once, even if several catalogs have it. */
const compiled = new WeakMap<TSchema, TypeCheck<TSchema>>();

/**
 * Checks that a value is a record of schemas, and compiles them.
 *
 * @throws CatalogError at the first name or schema that can't be used
 */
export function compileSchemas(value: unknown): Map<string, TypeCheck<TSchema>> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isSchema(value)) {
    throw new CatalogError("a catalog is an object that maps event types to TypeBox schemas");
  }
  registerFormats();
  return new Map(Object.entries(value).map(([type, schema]) => [type, compileSchema(type, schema)]));
}

function compileSchema(type: string, schema: unknown): TypeCheck<TSchema> {
  const refuse = (reason: string) => new CatalogError(`${JSON.stringify(type)} ${reason}`);
  const fault = typeFault(type);
  if (fault !== undefined) throw refuse(`can't be an event type. ${fault}`);
  if (!isSchema(schema)) throw refuse("is not a TypeBox schema, such as Type.Object({ … })");
  const known = compiled.get(schema);
  if (known) return known;
  for (const fault of faults(schema, "", new Set())) throw refuse(fault);
  try {
    const check = TypeCompiler.Compile(schema);
    compiled.set(schema, check);
    return check;
  } catch (error) {
    throw refuse(`has a schema that can't be compiled: ${(error as Error).message}`);
  }
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === "object" && value !== null && Kind in value && KindGuard.IsSchema(value);
}

/** Kinds of values that JSON can't carry. A schema that requires one would refuse every event. */
const NOT_JSON: ReadonlySet<string> = new Set([
  ..."AsyncIterator BigInt Constructor Date Function Iterator Promise Symbol Uint8Array Undefined Void".split(
    " ",
  ),
  // Elysia's.
  ..."ArrayBuffer File Files Form".split(" "),
]);

/** The parts of a schema that would refuse every event. */
function* faults(part: object, at: string, seen: Set<object>): Generator<string> {
  if (seen.has(part)) return;
  seen.add(part);
  const schema = isSchema(part) ? part : undefined;
  const kind = schema?.[Kind];
  const where = at ? ` at ${at}` : "";
  if (kind === "String" && schema?.["format"] !== undefined && !FormatRegistry.Has(schema["format"])) {
    yield `has${where} the format ${JSON.stringify(schema["format"])}, which is not known`;
  }
  if (kind !== undefined && NOT_JSON.has(kind)) {
    yield `asks${where} for a ${kind}, which JSON can't carry`;
  }
  for (const [key, inner] of Object.entries(part)) {
    if (typeof inner !== "object" || inner === null) continue;
    // Such a kind is harmless in a union with others: Elysia's t.Date() is a Date or a string.
    if (at.endsWith("/anyOf") && isSchema(inner) && NOT_JSON.has(inner[Kind])) continue;
    yield* faults(inner, `${at}/${key}`, seen);
  }
}

/**
 * Registers the formats of JSON Schema (date-time, email, uuid, uri, ipv4 and so on) with TypeBox, which
 * would refuse every string with an unknown format. TypeBox has one registry for the whole process, so
 * formats of the application stay.
 */
function registerFormats(): void {
  for (const [name, format] of Object.entries(fullFormats)) {
    if (FormatRegistry.Has(name)) continue;
    if (format instanceof RegExp) FormatRegistry.Set(name, (text) => format.test(text));
    else if (typeof format === "function") FormatRegistry.Set(name, format);
  }
}
