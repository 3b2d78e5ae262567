import type { Manual } from "./manual.ts";
import { manualText } from "./render/macro.ts" with { type: "macro" };

/** The manual, rendered when the program was bundled; from the sources, when this file is imported. */
export const manual: Manual = JSON.parse(manualText());
