import { pino } from "pino";
import pretty from "pino-pretty";

const STDERR = 2;

/** Names of secrets. The code logs none of them; this is a second protection. */
const SECRETS = ["token", "key", "ticket", "secret", "authorization", "cookie"].flatMap((name) => [
  name,
  `*.${name}`,
]);

/** Makes a logger that writes to standard error: JSON, or coloured text on a terminal. */
export function createLogger(level: string) {
  // Lines are written at once, not by a worker, so that a killed hub loses none.
  const stream = process.stderr.isTTY
    ? pretty({ destination: STDERR, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss.l" })
    : pino.destination({ dest: STDERR, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: nameLevel },
      serializers: { error: serializeError },
      redact: SECRETS,
    },
    stream,
  );
}

function nameLevel(label: string) {
  return { level: label };
}

/** An error by its own name: that of its class is shortened in the executable. */
function serializeError(error: unknown): unknown {
  return error instanceof Error ? { ...pino.stdSerializers.err(error), type: error.name } : error;
}
