interface TabsProps {
  readonly label: string;
  /** The id of what they show. */
  readonly panel: string;
  readonly tabs: readonly { readonly key: string; readonly title: string }[];
  readonly current: string;
  readonly onChange: (key: string) => void;
}

/** A few views of one thing; the arrow keys move between them, as everywhere. */
export function Tabs({ label, panel, tabs, current, onChange }: TabsProps) {
  function onKeyDown(event: KeyboardEvent & { currentTarget: HTMLElement }) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const index = tabs.findIndex(({ key }) => key === current);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onChange(next.key);
    event.currentTarget.querySelector<HTMLElement>(`#${panel}-${next.key}`)?.focus();
  }
  return (
    <div class="segments" role="tablist" aria-label={label} onKeyDown={onKeyDown} tabIndex={-1}>
      {tabs.map(({ key, title }) => (
        <button
          key={key}
          type="button"
          role="tab"
          id={`${panel}-${key}`}
          aria-controls={panel}
          aria-selected={key === current}
          tabIndex={key === current ? 0 : -1}
          onClick={() => onChange(key)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
