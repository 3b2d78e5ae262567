import { computed, signal } from "@preact/signals";
import { hubRoute } from "../hub-url.ts";
import type { JsonSchema } from "../publish/schema.ts";

/** The event types that the hub knows, each with the schema of its data. */
export const catalog = signal<Readonly<Record<string, JsonSchema>>>({});

/** The built-in types, which every hub has. */
export const builtinTypes = [
  "health-update",
  "metrics-update",
  "widget-refresh",
  "notification",
  "nav-badge-update",
  "trace-update",
] as const;
const builtin: ReadonlySet<string> = new Set(builtinTypes);

export function isBuiltin(type: string): boolean {
  return builtin.has(type);
}

/** The types that this hub's own catalog adds. */
export const ownTypes = computed(() => Object.keys(catalog.value).filter((type) => !isBuiltin(type)));

/** Asks the hub for its catalog. A hub that does not answer is told of elsewhere: what is known stays. */
export async function loadCatalog(): Promise<void> {
  try {
    const answer = await fetch(hubRoute("catalog"));
    // The hub's schemas are JSON Schema; what a form can't make of one, it leaves to a text field.
    if (answer.ok) catalog.value = (await answer.json()) as Record<string, JsonSchema>;
  } catch {
    // See above.
  }
}
