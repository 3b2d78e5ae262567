import { useState } from "preact/hooks";
import { CopyButton } from "../copy-button.tsx";
import { dashboardTypes } from "../dashboard/state.ts";
import { tick } from "../hub.ts";
import { Tabs } from "../tabs.tsx";
import { published } from "./draft.ts";
import { snippets } from "./snippets.ts";

const titles: Record<string, string> = { curl: "curl", sdk: "TypeScript", cli: "Command line" };
const builtin: ReadonlySet<string> = new Set(dashboardTypes);

/** The same request for a program to send. */
export function SnippetsPanel() {
  const [name, setName] = useState("curl");
  const event = published.value;
  const text =
    snippets[name]?.(event, { isBuiltin: builtin.has(event.type), keyed: tick.value?.keyed ?? false }) ?? "";
  return (
    <section class="panel" aria-label="The same request in code">
      <header class="panel-head">
        <Tabs
          label="The same request with"
          panel="snippet"
          tabs={Object.keys(snippets).map((key) => ({ key, title: titles[key] ?? key }))}
          current={name}
          onChange={setName}
        />
        <span class="push">
          <CopyButton text={text} label="Copy the snippet" />
        </span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it */}
      <div class="code flush" role="tabpanel" id="snippet" aria-labelledby={`snippet-${name}`} tabIndex={0}>
        <pre>{text}</pre>
      </div>
    </section>
  );
}
