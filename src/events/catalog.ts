import { FormatRegistry, type TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { builtinEvents } from "./builtin.ts";
import { type Violation, violations } from "./violation.ts";

/** Event types by name, each with the schema of its data. */
export type EventSchemas = Readonly<Record<string, TSchema>>;

/** The event types that a hub knows. Each schema is compiled once, when it is first needed. */
export class Catalog {
  /** The built-in types and the added ones. */
  readonly schemas: EventSchemas;
  readonly #checks = new Map<string, TypeCheck<TSchema>>();

  /** `added` comes on top of the built-in types, and wins where the names are the same. */
  constructor(added: EventSchemas = {}) {
    this.schemas = { ...builtinEvents, ...added };
    // Elysia registers this format when it is imported; alone, TypeBox knows no formats at all.
    if (!FormatRegistry.Has("date-time")) {
      FormatRegistry.Set("date-time", (text) => !Number.isNaN(Date.parse(text)));
    }
  }

  has(type: string): boolean {
    return Object.hasOwn(this.schemas, type);
  }

  /** Where the data breaks its type's schema; nothing for a type that the catalog does not know. */
  violations(type: string, data: unknown, at = ""): Violation[] {
    const check = this.#check(type);
    return check ? violations(check, data, at) : [];
  }

  /** Each type's JSON Schema, as `GET /catalog` answers it. */
  toJSON(): EventSchemas {
    return this.schemas;
  }

  #check(type: string): TypeCheck<TSchema> | undefined {
    const known = this.#checks.get(type);
    if (known) return known;
    const schema = Object.hasOwn(this.schemas, type) ? this.schemas[type] : undefined;
    if (!schema) return undefined;
    const check = TypeCompiler.Compile(schema);
    this.#checks.set(type, check);
    return check;
  }
}
