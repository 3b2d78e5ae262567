import { Type } from "@sinclair/typebox";

/** The catalog of a shop, whose events the console's pictures show. */
export default {
  "order-created": Type.Object(
    {
      id: Type.Integer({ minimum: 1 }),
      customer: Type.Object({ name: Type.String(), city: Type.Optional(Type.String()) }),
      currency: Type.Union([Type.Literal("EUR"), Type.Literal("USD")]),
      items: Type.Array(Type.Object({ sku: Type.String(), price: Type.Number({ minimum: 0 }) })),
    },
    { description: "Somebody bought something" },
  ),
  "order-shipped": Type.Object({ id: Type.Integer({ minimum: 1 }), carrier: Type.String() }),
  "stock-changed": Type.Object({ sku: Type.String(), left: Type.Integer({ minimum: 0 }) }),
};
