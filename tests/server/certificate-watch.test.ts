import { afterEach, expect, jest, test } from "bun:test";
import { join } from "node:path";
import { type Logger, silent } from "../../src/logger.ts";
import { watchCertificate } from "../../src/server/certificate-watch.ts";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { half } from "../tls/certificate.ts";

const DAY = 86_400_000;
const SOON = "warn the certificate ends soon, and has not been renewed";
const EXPIRED = "error the certificate has expired: clients refuse it";

/** A logger that keeps its lines about certificates. */
function recorded() {
  const lines: string[] = [];
  const at = (level: string) => (_: unknown, message: string) => {
    if (message.includes("certificate")) lines.push(`${level} ${message}`);
  };
  const logger: Logger = { ...silent, warn: at("warn"), error: at("error") };
  return { lines, logger };
}

afterEach(() => {
  jest.useRealTimers();
});

test("a certificate that nobody renews is told of each day, and one that is renewed no more", () => {
  jest.useFakeTimers();
  const { lines, logger } = recorded();
  let ends = new Date(Date.now() + 15.5 * DAY);
  defer(watchCertificate(() => ends, logger));
  expect(lines).toEqual([]);
  jest.advanceTimersByTime(2 * DAY);
  expect(lines).toEqual([SOON]);
  jest.advanceTimersByTime(14 * DAY);
  expect(lines).toEqual([...Array(14).fill(SOON), EXPIRED]);
  ends = new Date(Date.now() + 90 * DAY);
  jest.advanceTimersByTime(2 * DAY);
  expect(lines.length).toBe(15);
});

test("a hub says at its start that its certificate ends soon", async () => {
  const file = (name: string) => join(emptyFolder(), name);
  const [cert, key] = [file("hub.crt"), file("hub.key")];
  const made = Bun.spawnSync(
    [
      ..."openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost".split(
        " ",
      ),
      ...["-keyout", key, "-out", cert],
    ],
    { stderr: "ignore" },
  );
  expect(made.exitCode).toBe(0);
  const { lines, logger } = recorded();
  await startConfigured(["--tls-cert", cert, "--tls-key", key], logger);
  expect(lines).toEqual([SOON]);
  await startConfigured(["--tls-cert", half("old", "crt"), "--tls-key", half("old", "key")], logger);
  expect(lines).toEqual([SOON]);
});
