import { CodePanel } from "../components/code-panel.tsx";
import { isBuiltin } from "../data/catalog.ts";
import { tick } from "../data/hub.ts";
import { published } from "./draft.ts";
import { snippets } from "./snippets.ts";

const titles = { curl: "curl", sdk: "TypeScript", cli: "Command line" };

/** The same request for a program to send. */
export function SnippetsPanel() {
  const event = published.value;
  const about = { isBuiltin: isBuiltin(event.type), keyed: tick.value?.keyed ?? false };
  return (
    <CodePanel
      label="The same request in code"
      id="snippet"
      titles={titles}
      textOf={(key) => snippets[key]?.(event, about) ?? ""}
    />
  );
}
