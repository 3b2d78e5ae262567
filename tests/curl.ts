import { readLines } from "../src/cli/event-line.ts";
import { killAfterwards } from "./defer.ts";

/** Reads a stream with `curl -N`, which is ended after the test. */
export function readWithCurl(url: string, ...options: string[]) {
  const curl = Bun.spawn(["curl", "-sSN", ...options, url], { stdio: ["ignore", "pipe", "inherit"] });
  killAfterwards(curl);
  const lines = readLines(curl.stdout);
  return {
    /** Resolves when this line has come. */
    async line(wanted: string): Promise<void> {
      for (;;) {
        const { done, value } = await lines.next();
        if (done) throw new Error(`the stream ended before ${wanted}`);
        if (value === wanted) return;
      }
    },
  };
}
