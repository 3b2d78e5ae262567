import { pino } from "pino";
import pretty from "pino-pretty";

const STDERR = 2;

/** Nothing logs these; this is the lock behind the door. */
const SECRETS = ["token", "key", "ticket", "secret", "authorization", "cookie"].flatMap((name) => [
  name,
  `*.${name}`,
]);

/** Structured lines on standard error: JSON for machines, coloured text on a terminal. */
export function createLogger(level: string) {
  // Written at once rather than by a worker: a hub that is killed has logged what it did.
  const stream = process.stderr.isTTY
    ? pretty({ destination: STDERR, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss.l" })
    : pino.destination({ dest: STDERR, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: nameLevel },
      serializers: { error: pino.stdSerializers.err },
      redact: SECRETS,
    },
    stream,
  );
}

function nameLevel(label: string) {
  return { level: label };
}
