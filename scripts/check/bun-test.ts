import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { SLOW } from "./selection.ts";
import { type Counts, oneFailed, type Step } from "./step.ts";

/**
 * How long one test may take, in ms. No test measures time: this ends one that hangs, and Bun's own
 * limit of 5 s also ends those that start programs where the machine is busy.
 */
const LONGEST_TEST = 60_000;

/**
 * How many processes run files of tests. Most tests wait: for programs, for time-outs and for recoveries.
 * Two processes leave two cores idle for a third of the time.
 */
const PROCESSES = 3;

/** How long a suite takes, about, in ms: those that take longest are begun first, so that none is left last. */
const takes = (file: string) => (file.endsWith(SLOW) ? 20_000 : 500);

interface Outcome {
  exitCode: number;
  /** Bun's JUnit report; null if the run ended without one. */
  report: string | null;
  /** What Bun wrote to standard error, where its own summary is. */
  log: string;
}

/** Reads the counts out of the report's root element. Null if it is not one. */
function readReport(report: string): Counts | null {
  const root = /<testsuites\b[^>]*>/.exec(report)?.[0];
  const attribute = (name: string) => Number(root?.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1]);
  const [tests, failed, skipped] = [attribute("tests"), attribute("failures"), attribute("skipped")];
  if (![tests, failed, skipped].every(Number.isInteger)) return null;
  return { passed: tests - failed - skipped, failed, skipped };
}

/** The number of failures in Bun's summary: its last line of the form ` 3 fail`. */
function readSummaryFailures(log: string): number {
  return Number([...stripVTControlCharacters(log).matchAll(/^ *(\d+) fail$/gm)].at(-1)?.[1] ?? 0);
}

/** The files of which the report has no test: they did not load, register none, or were never begun. */
function readMissing(report: string, files: readonly string[]): readonly string[] {
  const suites = report.matchAll(/<testsuite [^>]*\bfile="([^"]*)" tests="[1-9]/g);
  const reported = new Set(Array.from(suites, ([, file]) => file));
  return files.filter((file) => !reported.has(file));
}

/** What a run of `bun test` really came to. @param missing the files of which no test was run */
function countOutcome({ exitCode, report, log }: Outcome, missing: number): Counts {
  const reported = report === null ? null : readReport(report);
  // Nothing found, every file broken, or the process gone half way: even with exit code 0.
  if (!reported || reported.passed + reported.failed + reported.skipped === 0) {
    return { ...oneFailed, failed: Math.max(1, missing, readSummaryFailures(log)) };
  }
  // A file that throws while it loads is a failure in the summary, too.
  const failed = Math.max(reported.failed + missing, readSummaryFailures(log), exitCode === 0 ? 0 : 1);
  return { ...reported, failed };
}

/** Passes a stream on as it comes, and gives back all of it. */
async function relay(stream: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    // Waited for: what comes after, and the exit, must not overtake it.
    await new Promise((resolve) => to.write(chunk, resolve));
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

async function runBunTest(files: readonly string[], options: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-test-"));
  const path = join(folder, "report.xml");
  try {
    const report = ["--reporter=junit", `--reporter-outfile=${path}`];
    const timings = join(folder, "timings.json");
    const times = Object.fromEntries(files.map((file) => [file, takes(file)]));
    await Bun.write(timings, JSON.stringify({ version: 1, files: times }));
    // With ./ they are files, not filters.
    const paths = files.map((file) => `./${file}`);
    const limits = [`--timeout=${LONGEST_TEST}`, `--parallel=${PROCESSES}`, `--timings=${timings}`];
    const command = [process.execPath, "test", ...limits, ...report, ...options, ...paths];
    // Without colours, for the pipe: FORCE_COLOR would bring them back, but the tests would see it too.
    // The environment is named because steps before this one have added to it.
    const child = Bun.spawn(command, { stdio: ["ignore", "inherit", "pipe"], env: process.env });
    const log = await relay(child.stderr, process.stderr);
    const exitCode = await child.exited;
    const file = Bun.file(path);
    return { exitCode, report: (await file.exists()) ? await file.text() : null, log };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const bunTestStep = (files: readonly string[], options: readonly string[]): Step => ({
  name: "tests",
  async run() {
    const outcome = await runBunTest(files, options);
    // A pattern may leave out all tests of a file.
    const missing = options.length > 0 ? [] : readMissing(outcome.report ?? "", files);
    for (const file of missing) console.log(`NO TEST OF ${file} WAS RUN`);
    return countOutcome(outcome, missing.length);
  },
});
