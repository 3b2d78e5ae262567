import type { TSchema } from "@sinclair/typebox";

/** A body of this schema, as the interface's description (OpenAPI) has it. */
export function json(schema: TSchema) {
  return { "application/json": { schema: JSON.parse(JSON.stringify(schema)) } };
}
