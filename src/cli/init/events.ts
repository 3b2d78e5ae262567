/**
 * The event types of your hub, each with the schema of its data. The hub checks by them what is
 * published (`tidings serve --events events.ts`, which also takes up changes of this file while it
 * runs), and your scripts are typed by them. The built-in types are always there too: see
 * `tidings catalog`.
 *
 * Schemas are made with TypeBox, https://github.com/sinclairzx81/typebox; Elysia's `t` will do as well.
 */
import { type Static, Type } from "@sinclair/typebox";

const Order = Type.Object({
  id: Type.Integer({ minimum: 1, description: "Counts up from 1" }),
  total: Type.Number({ minimum: 0, description: "In euros" }),
  // Formats are checked: date-time, email, uri, uuid and more.
  email: Type.Optional(Type.String({ format: "email" })),
});

/** The same as a TypeScript type, for your own code. */
export type Order = Static<typeof Order>;

export default {
  "order-created": Order,
  "order-shipped": Type.Object({
    id: Type.Integer({ minimum: 1 }),
    carrier: Type.Union([Type.Literal("post"), Type.Literal("bike")]),
  }),
};
