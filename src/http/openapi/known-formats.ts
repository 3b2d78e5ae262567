import { FormatRegistry } from "@sinclair/typebox";
// Both register formats.
import "elysia";
import "../../events/names.ts";

const known = FormatRegistry.Entries();

/**
 * Forgets the formats that were registered since this module was loaded. `@elysiajs/openapi`
 * replaces those of Elysia, for every schema in the process, by its own, of which some throw.
 */
export function keepKnownFormats(): void {
  FormatRegistry.Clear();
  for (const [format, check] of known) FormatRegistry.Set(format, check);
}
