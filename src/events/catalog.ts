import type { TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { builtinEvents } from "./builtin.ts";
import { compileSchemas, type EventSchemas } from "./schema.ts";
import { type Violation, violations } from "./violation.ts";

/** The event types that a hub knows. */
export class Catalog {
  #schemas: EventSchemas = builtinEvents;
  #checks: ReadonlyMap<string, TypeCheck<TSchema>> = new Map();

  /**
   * `added` comes on top of the built-in types, and wins where the names are the same.
   *
   * @throws CatalogError when a name in it is not allowed or a schema is none.
   */
  constructor(added: EventSchemas = {}) {
    this.replace(added);
  }

  /** The built-in types and the added ones. */
  get schemas(): EventSchemas {
    return this.#schemas;
  }

  /**
   * Takes other added types instead of those so far, at once for all who use the catalog.
   *
   * @throws CatalogError when a name in it is not allowed or a schema is none; then all stays as it was.
   */
  replace(added: EventSchemas): void {
    const checks = compileSchemas(added);
    this.#checks = new Map([...compileSchemas(builtinEvents), ...checks]);
    this.#schemas = { ...builtinEvents, ...added };
  }

  has(type: string): boolean {
    return this.#checks.has(type);
  }

  /** Where the data breaks its type's schema; nothing for a type that the catalog does not know. */
  violations(type: string, data: unknown, at = ""): Violation[] {
    const check = this.#checks.get(type);
    return check ? violations(check, data, at) : [];
  }

  /** Each type's JSON Schema, as `GET /catalog` answers it. */
  toJSON(): EventSchemas {
    return this.#schemas;
  }
}
