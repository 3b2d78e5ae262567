// Runs before the page is drawn, so that it is never seen in the other colours. The console keeps the choice
// under the same name.
const STORAGE_KEY = "tidings.theme";
const THEMES = ["auto", "light", "dark"];

const root = document.documentElement;

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

const kept = stored();
root.dataset["theme"] = kept !== null && THEMES.includes(kept) ? kept : "auto";

addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector<HTMLButtonElement>("#theme");
  if (!button) return;
  button.hidden = false;
  const next = () => THEMES[(THEMES.indexOf(root.dataset["theme"] ?? "auto") + 1) % THEMES.length] ?? "auto";
  const label = () => {
    button.title = `Colours: ${root.dataset["theme"]}. Change to ${next()}`;
    button.ariaLabel = button.title;
  };
  label();
  button.addEventListener("click", () => {
    root.dataset["theme"] = next();
    label();
    try {
      localStorage.setItem(STORAGE_KEY, root.dataset["theme"]);
    } catch {
      // Not every page may keep things; then the choice lasts as long as the page.
    }
  });
});
