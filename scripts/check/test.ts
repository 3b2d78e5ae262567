import { auditStep } from "./audit.ts";
import { browserStep } from "./browser.ts";
import { bunTestStep } from "./bun-test.ts";
import { proxiesStep } from "./proxies.ts";
import { add, type Counts, commandStep, describe, none, oneFailed, type Step } from "./step.ts";

const ci = process.env["CI"] === "true";

// Biome colours even what goes to a file, where escape codes leave nothing to read.
const biomeColors = process.stdout.isTTY ? [] : ["--colors=off"];

const steps: Step[] = [
  commandStep("types", ["node_modules/.bin/tsc", "--noEmit"]),
  commandStep("lint and format", ["node_modules/.bin/biome", "ci", ...biomeColors]),
  auditStep,
  // Before the tests: some of them run the executable, and must meet today's.
  commandStep("build", ["scripts/build"]),
  browserStep({ mayPassOver: !ci }),
  proxiesStep({ mayPassOver: !ci }),
  bunTestStep(process.argv.slice(2)),
];

/** Every step runs whatever became of the ones before it: one run shows all there is to mend. */
async function runStep(step: Step): Promise<Counts> {
  console.log(`\n==> ${step.name}`);
  try {
    return await step.run();
  } catch (error) {
    console.error(error);
    return oneFailed;
  }
}

/** Where nobody watches, a test that was passed over is one that failed to run. */
function judge(counts: Counts): Counts {
  return ci ? { ...counts, failed: counts.failed + counts.skipped, skipped: 0 } : counts;
}

const lines: string[] = [];
let total = none;
for (const step of steps) {
  const found = await runStep(step);
  const counts = judge(found);
  const remark = counts.failed > found.failed ? ` (${found.skipped} skipped, which CI does not accept)` : "";
  lines.push(`${counts.failed > 0 ? "FAIL" : "ok  "}  ${step.name}: ${describe(counts)}${remark}`);
  total = add(total, counts);
}

console.log(`\n${lines.join("\n")}\n${describe(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
