import { FormatRegistry } from "@sinclair/typebox";
import { fullFormats } from "elysia/type-system/format";

/**
 * Registers the formats of JSON Schema (date-time, email, uuid, uri, ipv4 and so on) with TypeBox,
 * which knows none by itself, and refuses every text that has one. TypeBox keeps one registry for
 * the whole process, so what somebody has registered stays, unless it is to be replaced.
 */
export function registerFormats({ replace = false }: { readonly replace?: boolean } = {}): void {
  for (const [name, format] of Object.entries(fullFormats)) {
    if (!replace && FormatRegistry.Has(name)) continue;
    if (format instanceof RegExp) FormatRegistry.Set(name, (text) => format.test(text));
    else if (typeof format === "function") FormatRegistry.Set(name, format);
  }
}
