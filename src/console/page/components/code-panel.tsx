import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import { Tabs } from "./tabs.tsx";

interface CodePanelProps {
  readonly label: string;
  /** The id of the code in the page. */
  readonly id: string;
  /** The languages, by key, in the order of their tabs. */
  readonly titles: Readonly<Record<string, string>>;
  readonly textOf: (key: string) => string;
  /** What stands above the tabs. */
  readonly children?: ComponentChildren;
}

/** The same thing in several languages, to be copied. */
export function CodePanel({ label, id, titles, textOf, children }: CodePanelProps) {
  const tabs = Object.entries(titles).map(([key, title]) => ({ key, title }));
  const [current, setCurrent] = useState(tabs[0]?.key ?? "");
  const text = textOf(current);
  return (
    <section class="panel" aria-label={label}>
      {children}
      <header class="panel-head">
        <Tabs label={`${label}: with`} panel={id} tabs={tabs} current={current} onChange={setCurrent} />
        <span class="push">
          <CopyButton text={text} label="Copy the code" />
        </span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it */}
      <div class="code flush" role="tabpanel" id={id} aria-labelledby={`${id}-${current}`} tabIndex={0}>
        <pre>{text}</pre>
      </div>
    </section>
  );
}
