/**
 * Whether two JSON texts, written by `JSON.stringify`, say the same: the members of an object have no
 * order (RFC 8259, section 1), and one who publishes again may have kept the event where they lost it.
 */
export function sameJson(a: string, b: string): boolean {
  return a === b || (a.length === b.length && inOneOrder(a) === inOneOrder(b));
}

function inOneOrder(text: string): string {
  return JSON.stringify(JSON.parse(text, sortMembers));
}

function sortMembers(_: string, value: unknown, { source }: { source?: string }): unknown {
  // More digits than JavaScript can hold would be lost.
  if (typeof value === "number") return JSON.rawJSON(source ?? String(value));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
