import type { Logger } from "../logger.ts";

const DAY_MS = 86_400_000;
/** Whoever renews certificates by a program has a new one by then: certbot takes 30 days. */
const SOON_DAYS = 14;

/**
 * Says in the log, once a day, that the certificate ends soon or has ended: nobody has renewed it.
 *
 * @param ends when the certificate that is in force ends; undefined without TLS
 * @returns a function that stops it
 */
export function watchCertificate(ends: () => Date | undefined, logger: Logger): () => void {
  const look = () => {
    const end = ends();
    if (!end) return;
    const days = Math.floor((end.getTime() - Date.now()) / DAY_MS);
    if (days >= SOON_DAYS) return;
    const fields = { ends: end.toISOString() };
    if (days < 0) logger.error(fields, "the certificate has expired: clients refuse it");
    else logger.warn({ ...fields, days }, "the certificate ends soon, and has not been renewed");
  };
  look();
  const timer = setInterval(look, DAY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
