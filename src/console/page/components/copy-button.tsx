import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** How long it says that it did, in ms. */
const SHOW_MS = 1600;

/** Copies a text, and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOW_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      class="button quiet copy"
      aria-label={copied ? "Copied" : label}
      onClick={() => void copy(text).then(setCopied)}
    >
      <Icon name={copied ? "check" : "copy"} />
      <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
    </button>
  );
}

/** Whether it worked. Browsers keep the clipboard from pages that are not served over https or locally. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const worked = document.execCommand("copy");
  area.remove();
  return worked;
}
