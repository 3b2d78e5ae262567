import type { Static } from "@sinclair/typebox";
import type { BuiltinEvents } from "../events/builtin.ts";
import type { EventInput } from "../events/event-input.ts";
import type { EventSchemas } from "../events/schema.ts";

/** The data of an event type: by its schema, or any for a type that is not known. The user's schema wins. */
export type DataOf<Events extends EventSchemas, Type extends string> = Type extends keyof Events
  ? Static<Events[Type]>
  : Type extends keyof BuiltinEvents
    ? Static<BuiltinEvents[Type]>
    : unknown;

/** Events of these types, in this order, each with the data of its type. */
export type EventInputs<Events extends EventSchemas, Types extends readonly string[]> = {
  readonly [I in keyof Types]: EventInput<Types[I], DataOf<Events, Types[I]>>;
};
