import yoctoSpinner from "yocto-spinner";

/** Tells somebody who watches how many events have gone out. */
export interface Progress {
  add(events: number): void;
  /** Says what came of it; after that nothing more is shown. */
  done(): void;
  /** Clears the line, for an error to be told there. */
  stop(): void;
}

/** A line on standard error that counts, if that is a terminal on which nobody is typing the events. */
export function startProgress(): Progress {
  const isWatched = process.stderr.isTTY && !process.stdin.isTTY && process.env["TERM"] !== "dumb";
  if (!isWatched || "CI" in process.env) return { add() {}, done() {}, stop() {} };

  const started = performance.now();
  const spinner = yoctoSpinner({ text: "waiting for events" }).start();
  let count = 0;
  const seconds = () => (performance.now() - started) / 1000;
  const rate = () => `${number(count / Math.max(seconds(), 0.001))}/s`;
  return {
    add(events) {
      count += events;
      spinner.text = `${number(count)} events, ${rate()}`;
    },
    done() {
      spinner.success(`${number(count)} events in ${seconds().toFixed(1)} s, ${rate()}`);
    },
    stop() {
      spinner.stop();
    },
  };
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en");
}
