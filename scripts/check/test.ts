import { resolve } from "node:path";
import { auditStep } from "./audit.ts";
import { browserStep, chromium, firefox } from "./browser.ts";
import { bunTestStep } from "./bun-test.ts";
import { programsStep, promtool, proxies } from "./debian-programs.ts";
import { importsOf } from "./imports.ts";
import {
  archivers,
  installedStep,
  languages,
  packetFilter,
  ruby,
  shells,
  symfony,
  systemd,
} from "./installed.ts";
import { previousStep } from "./previous.ts";
import { pythonStep } from "./python.ts";
import { redisStep } from "./redis.ts";
import { type Selection, selectTests } from "./selection.ts";
import { staticChecks } from "./static.ts";
import { add, type Counts, commandStep, describe, none, oneFailed, type Step } from "./step.ts";

const usage = "usage: scripts/test [-t PATTERN] [FILTER]...";
const ci = process.env["CI"] === "true";
const mayPassOver = !ci;

/** What tests need prepared. A test needs a step when it imports the file, itself or through others. */
const preparations: readonly { imports: string; step: Step }[] = [
  { imports: "tests/e2e/binary.ts", step: commandStep("build", ["scripts/build", "--if-stale"]) },
  { imports: "tests/browser.ts", step: browserStep(chromium, { mayPassOver }) },
  { imports: "tests/firefox.ts", step: browserStep(firefox, { mayPassOver }) },
  { imports: "tests/e2e/proxy.ts", step: programsStep("proxies", proxies, { mayPassOver }) },
  { imports: "tests/log/redis/redis-server.ts", step: redisStep({ mayPassOver }) },
  { imports: "tests/e2e/previous.ts", step: previousStep({ mayPassOver }) },
  { imports: "tests/e2e/python.ts", step: pythonStep({ mayPassOver }) },
  { imports: "tests/e2e/deploy.test.ts", step: programsStep("promtool", promtool, { mayPassOver }) },
  { imports: "tests/e2e/deploy.test.ts", step: installedStep("systemd", systemd, { mayPassOver }) },
  { imports: "tests/cli/completion.test.ts", step: installedStep("shells", shells, { mayPassOver }) },
  { imports: "scripts/package/archive.ts", step: installedStep("xz", archivers, { mayPassOver }) },
  { imports: "tests/scripts/installers.test.ts", step: installedStep("ruby", ruby, { mayPassOver }) },
  { imports: "tests/manual/languages.ts", step: installedStep("languages", languages, { mayPassOver }) },
  { imports: "tests/mercure/symfony.test.ts", step: installedStep("symfony", symfony, { mayPassOver }) },
  {
    imports: "tests/server/dead-readers.slow.test.ts",
    step: installedStep("nft", packetFilter, { mayPassOver }),
  },
];

/** The steps of a run, and the names of those that it leaves out. */
async function plan({ files, isWhole, options }: Selection): Promise<{ steps: Step[]; leftOut: Step[] }> {
  const imported = await importsOf(files);
  for (const { imports } of preparations) {
    if (!(await Bun.file(imports).exists())) throw new Error(`${imports} has gone: name its new place here`);
  }
  const isNeeded = new Map<Step, boolean>([
    ...staticChecks.map(({ name, command }) => [commandStep(name, command), true] as const),
    [auditStep, isWhole],
    ...preparations.map(({ imports, step }) => [step, isWhole || imported.has(resolve(imports))] as const),
    [bunTestStep(files, options), true],
  ]);
  const all = [...isNeeded.keys()];
  return {
    steps: all.filter((step) => isNeeded.get(step)),
    leftOut: all.filter((step) => !isNeeded.get(step)),
  };
}

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

function refuse(message: string): never {
  console.error(`test: ${message}\n${usage}`);
  process.exit(2);
}

function readArguments(): Selection {
  try {
    return selectTests(args);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const args = process.argv.slice(2);
const selection = readArguments();
if (selection.files.length === 0) {
  const hint = selection.slow.length > 0 ? ` but the slow ${selection.slow.join(" ")}` : "";
  refuse(`no file of tests matches ${args.join(" ")}${hint}`);
}

const { steps, leftOut } = await plan(selection);
const lines: string[] = [];
let total = none;
for (const step of steps) {
  const found = await runStep(step);
  const counts = judge(found);
  const remark = counts.failed > found.failed ? ` (${found.skipped} skipped, which CI does not accept)` : "";
  lines.push(`${counts.failed > 0 ? "FAIL" : "ok  "}  ${step.name}: ${describe(counts)}${remark}`);
  total = add(total, counts);
}
const passedOver = [...leftOut.map(({ name }) => name), ...selection.slow];
if (passedOver.length > 0) lines.push(`left out: ${passedOver.join(", ")}`);

console.log(`\n${lines.join("\n")}\n${describe(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
