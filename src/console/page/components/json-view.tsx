import { useMemo } from "preact/hooks";
import { visible } from "../format.ts";
import { jsonTokens } from "./json-tokens.ts";

/** Beyond this many characters JSON is shown as it came: a page of coloured megabytes helps nobody. */
const MAX_COLORED_LENGTH = 100_000;

/** JSON, formatted and coloured. */
export function JsonView({ json, label }: { json: string; label: string }) {
  const shown = visible(json);
  const tokens = useMemo(() => (shown.length <= MAX_COLORED_LENGTH ? jsonTokens(shown) : undefined), [shown]);
  return (
    // It scrolls, so a keyboard must reach it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="code" tabIndex={0} aria-label={label}>
      <pre class="wrap">
        {tokens
          ? tokens.map(({ kind, text }, i) =>
              kind === "space" || kind === "punctuation" ? (
                text
              ) : (
                <span key={i} class={`json-${kind}`}>
                  {text}
                </span>
              ),
            )
          : shown}
      </pre>
    </section>
  );
}
