import { type Counts, none, oneFailed, onePassed, type Step } from "./step.ts";

/** Nobody at the other end says yes or no for so long, in ms. */
const LONGEST = 30_000;

/**
 * Asks the registry whether advisories are known for any package of bun.lock. A registry that can't
 * be asked, as behind a mirror, says nothing about the packages: then this step counts as nothing,
 * and says so in words, since no change to this project could make it pass.
 */
export const auditStep: Step = {
  name: "audit",
  async run(): Promise<Counts> {
    const child = Bun.spawn([process.execPath, "audit", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: process.env,
      timeout: LONGEST,
    });
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const code = await child.exited;
    const advisories = parse(output);
    if (advisories === undefined) {
      console.log(
        `${errors.trim()}\nTHE DEPENDENCIES ARE NOT AUDITED: the registry has no advisories to give.`,
      );
      return none;
    }
    if (code === 0 && Object.keys(advisories).length === 0) {
      console.log("no advisories");
      return onePassed;
    }
    console.log(JSON.stringify(advisories, undefined, 2));
    return oneFailed;
  },
};

/** What is known by package; undefined when that is no answer. */
function parse(output: string): object | undefined {
  try {
    const value: unknown = JSON.parse(output);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
