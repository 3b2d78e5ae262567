import { install } from "./installed.ts";
import { type Counts, none, oneFailed, type Step } from "./step.ts";

/** A browser that tests need, and how they are told of it. */
interface TestBrowser {
  readonly name: string;
  /** The variable that holds its path. */
  readonly variable: string;
  /** The variable that is 1 where there is none. */
  readonly skip: string;
  /** What it may be called, the likeliest first. */
  readonly programs: readonly string[];
  /** Debian's package of it. */
  readonly package: string;
}

export const chromium: TestBrowser = {
  name: "Chromium",
  variable: "CHROMIUM",
  skip: "TIDINGS_SKIP_BROWSER",
  programs: ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"],
  package: "chromium",
};

export const firefox: TestBrowser = {
  name: "Firefox",
  variable: "FIREFOX",
  skip: "TIDINGS_SKIP_FIREFOX",
  programs: ["firefox-esr", "firefox"],
  package: "firefox-esr",
};

export function findBrowser({ programs }: TestBrowser): string | null {
  for (const name of programs) {
    const path = Bun.which(name);
    if (path) return path;
  }
  return null;
}

/**
 * Sees to it that the tests that follow have a real browser, and tells them in the environment:
 * its path, or that there is none. Counts as nothing unless it fails.
 */
export const browserStep = (browser: TestBrowser, { mayPassOver }: { mayPassOver: boolean }): Step => ({
  name: browser.name.toLowerCase(),
  async run(): Promise<Counts> {
    const { name, variable, skip, programs } = browser;
    const given = process.env[variable];
    if (given && !Bun.which(given)) {
      console.log(`${variable} is ${given}, which is no program that can be run`);
      return oneFailed;
    }
    if (!given && !findBrowser(browser)) await install([browser.package]);
    const path = given ? Bun.which(given) : findBrowser(browser);
    if (path) {
      console.log(path);
      process.env[variable] = path;
      return none;
    }
    console.log(`No ${name}, and no right to install one: THE TESTS WITH ${name.toUpperCase()} ARE SKIPPED.`);
    console.log(`Install ${programs.join(" or ")}, or name one in ${variable}, to run them.`);
    process.env[skip] = "1";
    return mayPassOver ? none : oneFailed;
  },
});
