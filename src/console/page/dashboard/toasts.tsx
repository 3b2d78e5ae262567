import { useEffect, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import type { DashboardState, Notification } from "./state.ts";

/** How long a toast stays, in ms; one that matters most stays until it is dismissed. */
const SHOW_MS = 6000;

export const tones = { info: "note", warning: "warn", error: "bad", critical: "bad" } as const;

/** Notifications that have just come. */
export function Toasts({ state }: { state: DashboardState }) {
  return (
    <div class="toasts" role="log" aria-label="New notifications">
      {state.toasts.value.map((toast) => (
        <Toast key={toast.key} toast={toast} onDone={() => state.dismiss(toast.key)} />
      ))}
    </div>
  );
}

function Toast({ toast, onDone }: { toast: Notification; onDone: () => void }) {
  const [held, setHeld] = useState(false);
  const { severity, source, message } = toast;
  useEffect(() => {
    if (held || severity === "critical") return;
    const timer = setTimeout(onDone, SHOW_MS);
    return () => clearTimeout(timer);
  }, [held, severity, toast.key]);
  return (
    // Who reads it, or tabs to its button, is given the time.
    // biome-ignore lint/a11y/noStaticElementInteractions: see above
    <div
      class={`toast ${tones[severity]}`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <div>
        <p class="toast-source">
          {source} · {severity}
        </p>
        <p>{message}</p>
      </div>
      <button
        type="button"
        class="button quiet icon-only"
        aria-label="Dismiss the notification"
        onClick={onDone}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
