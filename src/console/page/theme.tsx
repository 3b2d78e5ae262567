import { effect, signal } from "@preact/signals";
import { Icon, type IconName } from "./components/icon.tsx";

export type Theme = "auto" | "light" | "dark";

const STORAGE_KEY = "tidings.theme";

/** What was chosen; `auto` follows the system. */
export const theme = signal<Theme>(stored());

/** Changes when other colours are to be drawn, whatever the reason. */
export const colorsChanged = signal(0);

export function keepTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    try {
      localStorage.setItem(STORAGE_KEY, theme.value);
    } catch {
      // Not every page may keep things; then the choice lasts as long as the page.
    }
    colorsChanged.value = colorsChanged.peek() + 1;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colorsChanged.value++;
  });
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(STORAGE_KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

const next: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const icons: Record<Theme, IconName> = { auto: "auto", light: "sun", dark: "moon" };
const names: Record<Theme, string> = { auto: "as the system", light: "light", dark: "dark" };

/** Steps through the colour themes. */
export function ThemeButton() {
  const current = theme.value;
  const label = `Colours: ${names[current]}. Change to ${names[next[current]]}`;
  return (
    <button
      type="button"
      class="button quiet icon-only"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = next[current];
      }}
    >
      <Icon name={icons[current]} />
    </button>
  );
}
