import { browserless, openPage } from "./browser.ts";
import { firefoxless, openInFirefox } from "./firefox.ts";

/** A page that runs scripts: those of the two libraries have this in common. */
interface Scripted {
  evaluate(script: string): Promise<unknown>;
}

interface TestBrowser {
  readonly name: string;
  readonly isMissing: boolean;
  readonly open: (url: string) => Promise<Scripted>;
}

/** The browsers to test with, and how to open a page in each. */
export const browsers: readonly TestBrowser[] = [
  { name: "Chromium", isMissing: browserless, open: openPage },
  { name: "Firefox", isMissing: firefoxless, open: openInFirefox },
];
