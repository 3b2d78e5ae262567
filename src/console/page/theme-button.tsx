import { Icon, type IconName } from "./icon.tsx";
import { type Theme, theme } from "./theme.ts";

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
