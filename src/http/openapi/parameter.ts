/** A parameter in the query, as the interface's description (OpenAPI) has it. */
export function parameter(name: string, description: string) {
  return { in: "query" as const, name, description, schema: { type: "string" as const } };
}

/** One that may be given several times. */
export function listParameter(name: string, description: string) {
  const items = { type: "string" as const };
  return { in: "query" as const, name, description, schema: { type: "array" as const, items } };
}
