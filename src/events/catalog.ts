import type { TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { type BuiltinEvents, builtinEvents } from "./builtin.ts";
import { compileSchemas, type EventSchemas } from "./schema.ts";
import { type Violation, violations } from "./violation.ts";

/**
 * The event types that a hub knows: the built-in types, and the types of `Events`.
 *
 * @example
 * ```ts
 * import { Type } from "@sinclair/typebox";
 * import { Broker, Catalog } from "tidings";
 * const catalog = new Catalog({ "order-shipped": Type.Object({ id: Type.Integer() }) });
 * const broker = new Broker({ catalog });
 * broker.broadcast({ type: "order-shipped", data: { id: 7 }, topic: "orders/7" });
 * ```
 */
export class Catalog<Events extends EventSchemas = Record<never, never>> {
  #schemas: BuiltinEvents & EventSchemas = builtinEvents;
  #checks: ReadonlyMap<string, TypeCheck<TSchema>> = new Map();

  /**
   * @param added event types besides the built-in ones. An added type replaces a built-in type of the
   * same name.
   * @throws CatalogError when a name is not allowed, or a schema is not a TypeBox schema
   */
  constructor(added?: Events) {
    this.replace(added ?? {});
  }

  /** The schemas of the built-in types and the added types. */
  get schemas(): Omit<BuiltinEvents, keyof Events> & Events {
    // Only the catalog of an events file is replaced by other types, and that catalog is untyped.
    return this.#schemas as unknown as Omit<BuiltinEvents, keyof Events> & Events;
  }

  /**
   * Replaces the added types, at once for everyone who uses the catalog.
   *
   * @throws CatalogError when a name is not allowed, or a schema is not a TypeBox schema. Then nothing
   * changes.
   */
  replace(added: EventSchemas): void {
    const checks = compileSchemas(added);
    this.#checks = new Map([...compileSchemas(builtinEvents), ...checks]);
    this.#schemas = { ...builtinEvents, ...added };
  }

  /** Whether the catalog knows the event type. */
  has(type: string): boolean {
    return this.#checks.has(type);
  }

  /**
   * Checks data by the schema of its type.
   *
   * @param at is prefixed to each path
   * @returns each wrong value; nothing for a type that the catalog does not know
   */
  violations(type: string, data: unknown, at = ""): Violation[] {
    const check = this.#checks.get(type);
    return check ? violations(check, data, at) : [];
  }

  /** The JSON Schema of each type, as `GET /catalog` answers it. */
  toJSON(): EventSchemas {
    return this.#schemas;
  }
}
