/** How long a button says that it has copied, in ms. */
const SHOW_MS = 1600;

/** Gives each block of code a button that copies it. */
export function addCopyButtons(): void {
  for (const block of document.querySelectorAll<HTMLElement>("figure.code:not(.output)")) {
    const text = block.querySelector("code")?.textContent ?? "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet copy";
    button.textContent = "Copy";
    button.ariaLive = "polite";
    button.addEventListener("click", async () => {
      await copy(text);
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = "Copy";
      }, SHOW_MS);
    });
    block.append(button);
  }
}

/** Browsers keep the clipboard from pages that are served neither over https nor locally. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
