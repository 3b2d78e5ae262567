import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

const names = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];

export function findBrowser(): string | null {
  for (const name of names) {
    const path = Bun.which(name);
    if (path) return path;
  }
  return null;
}

/** Installs the distribution's Chromium where that is possible without asking: as root, with apt. */
async function installBrowser(): Promise<string | null> {
  if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return null;
  console.log("no Chromium found: installing the distribution's");
  const installed =
    (await succeeds(["apt-get", "update"])) &&
    (await succeeds(["apt-get", "install", "-y", "--no-install-recommends", "chromium"]));
  return installed ? findBrowser() : null;
}

/**
 * Sees to it that the tests that follow have a real browser, and tells them in the environment:
 * its path in CHROMIUM, or TIDINGS_SKIP_BROWSER=1. Counts as nothing unless it fails.
 */
export const browserStep = ({ mayPassOver }: { mayPassOver: boolean }): Step => ({
  name: "browser",
  async run(): Promise<Counts> {
    const given = process.env["CHROMIUM"];
    if (given && !Bun.which(given)) {
      console.log(`CHROMIUM is ${given}, which is no program that can be run`);
      return oneFailed;
    }
    const path = given ? Bun.which(given) : (findBrowser() ?? (await installBrowser()));
    if (path) {
      console.log(path);
      process.env["CHROMIUM"] = path;
      return none;
    }
    console.log("No Chromium, and no right to install one: THE BROWSER TESTS ARE SKIPPED.");
    console.log("Install chromium or google-chrome, or name one in CHROMIUM, to run them.");
    process.env["TIDINGS_SKIP_BROWSER"] = "1";
    return mayPassOver ? none : oneFailed;
  },
});
