import type { Descriptors } from "../http/limits/descriptors.ts";
import type { Logger } from "../logger.ts";
import type { Listener } from "./listener.ts";

/** How often the file descriptors are counted, in ms: that takes some microseconds. */
const CHECK_INTERVAL_MS = 100;
/** With so few left, no more connections are taken: the runtime would spin on one that it can't take. */
const MIN_FREE_DESCRIPTORS = 4;

/** @param maxClients the number that somebody has chosen; 0 for any. */
export function warnOfFewDescriptors(
  { limit, reserve }: Descriptors,
  maxClients: number,
  logger: Logger,
): void {
  const room = limit - reserve;
  if (maxClients <= room) return;
  logger.warn(
    { max_clients: maxClients, file_descriptors: limit, room },
    "the process may open fewer connections than --max-clients: raise its hard limit (ulimit -Hn, LimitNOFILE=)",
  );
}

/**
 * Sees to it that publishers and who asks how the hub is get through when file descriptors run out.
 * Streams are refused early, elsewhere; here connections that rest between two requests are closed,
 * and when hardly a descriptor is left, none is taken until there is room again.
 *
 * @returns a function that stops it.
 */
export function guardDescriptors(descriptors: Descriptors, listener: Listener, logger: Logger): () => void {
  let isShort = false;
  const look = () => {
    const { open, limit, reserve } = descriptors;
    const left = limit - open;
    // As many streams as may be are there, or more connections than that.
    if (left <= reserve) {
      const fields = { open, file_descriptors: limit };
      if (!isShort) logger.warn(fields, "file descriptors run out: streams are refused");
      isShort = true;
      listener.closeIdle();
      if (left <= MIN_FREE_DESCRIPTORS && listener.pause()) {
        logger.error(fields, "no file descriptors left: no connections are taken");
      }
    } else if (isShort && left >= 2 * reserve) {
      isShort = false;
      logger.info({ open, file_descriptors: limit }, "there are file descriptors for streams again");
    }
    if (left > reserve / 2) resume();
  };
  const resume = () => {
    try {
      listener.resume();
    } catch (error) {
      logger.error({ error: String(error) }, "can't listen again yet");
    }
  };
  const timer = setInterval(look, CHECK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
