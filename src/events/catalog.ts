import type { TSchema } from "@sinclair/typebox";
import type { TypeCheck } from "@sinclair/typebox/compiler";
import { type BuiltinEvents, builtinEvents } from "./builtin.ts";
import { compileSchemas, type EventSchemas } from "./schema.ts";
import { type Violation, violations } from "./violation.ts";

/**
 * The event types that a hub knows: the built-in ones, and those of `Events`.
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
   * `added` comes on top of the built-in types, and wins where the names are the same.
   *
   * @throws CatalogError when a name in it is not allowed or a schema is none.
   */
  constructor(added?: Events) {
    this.replace(added ?? {});
  }

  /** The built-in types and the added ones. */
  get schemas(): Omit<BuiltinEvents, keyof Events> & Events {
    // A catalog that is read from a file has other types than its type says; a typed one never does.
    return this.#schemas as unknown as Omit<BuiltinEvents, keyof Events> & Events;
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

  /** Whether the catalog knows the event type. */
  has(type: string): boolean {
    return this.#checks.has(type);
  }

  /**
   * Where the data breaks its type's schema; nothing for a type that the catalog does not know.
   *
   * @param at is prefixed to each path
   */
  violations(type: string, data: unknown, at = ""): Violation[] {
    const check = this.#checks.get(type);
    return check ? violations(check, data, at) : [];
  }

  /** Each type's JSON Schema, as `GET /catalog` answers it. */
  toJSON(): EventSchemas {
    return this.#schemas;
  }
}
