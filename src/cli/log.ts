import { pino } from "pino";
import pretty from "pino-pretty";

const STDERR = 2;

/** Structured lines on standard error: JSON for machines, coloured text on a terminal. */
export function createLogger(level: string) {
  // Written at once rather than by a worker: a hub that is killed has logged what it did.
  const stream = process.stderr.isTTY
    ? pretty({ destination: STDERR, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss.l" })
    : pino.destination({ dest: STDERR, sync: true });
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: nameLevel } },
    stream,
  );
}

function nameLevel(label: string) {
  return { level: label };
}
