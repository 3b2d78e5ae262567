import yoctoSpinner from "yocto-spinner";

/** Shows how many events have been published. */
export interface Progress {
  add(events: number): void;
  /** Shows the result, and ends. */
  done(): void;
  /** Clears the line, for an error message. */
  stop(): void;
}

/** Counts on standard error, if that is a terminal and nobody types the events there. */
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
