import { type Static, Type } from "@sinclair/typebox";

/** A metric as prom-client words it in JSON: what is read of it here. */
const Figure = Type.Object({
  name: Type.String(),
  help: Type.String(),
  type: Type.String(),
  aggregator: Type.String(),
  values: Type.Array(Type.Object({ value: Type.Number() }, { additionalProperties: true })),
});
/** All metrics of a node. */
export const Figures = Type.Array(Figure);
export type Figures = Static<typeof Figures>;
