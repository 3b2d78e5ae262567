/**
 * The event types of your hub, each with the schema of its data. `tidings serve --events events.ts` checks
 * events by these schemas, and loads this file again when it changes. Your scripts get their types from
 * here. The hub also has built-in types: see `tidings catalog`.
 *
 * The schemas are made with TypeBox, https://github.com/sinclairzx81/typebox. Elysia's `t` works too.
 */
import { type Static, Type } from "@sinclair/typebox";

const Order = Type.Object({
  id: Type.Integer({ minimum: 1, description: "Counts up from 1" }),
  total: Type.Number({ minimum: 0, description: "In euros" }),
  // The hub checks formats: date-time, email, uri, uuid and more.
  email: Type.Optional(Type.String({ format: "email" })),
});

/** The schema as a TypeScript type, for your code. */
export type Order = Static<typeof Order>;

export default {
  "order-created": Order,
  "order-shipped": Type.Object({
    id: Type.Integer({ minimum: 1 }),
    carrier: Type.Union([Type.Literal("post"), Type.Literal("bike")]),
  }),
};
