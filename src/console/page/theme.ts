import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const KEY = "tidings.theme";

/** What was chosen; `auto` follows the system. */
export const theme = signal<Theme>(stored());

/** Changes when other colours are to be drawn, whatever the reason. */
export const colorsChanged = signal(0);

export function keepTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    try {
      localStorage.setItem(KEY, theme.value);
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
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}
