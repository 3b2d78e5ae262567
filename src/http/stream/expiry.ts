import type { Broker } from "../../broker/broker.ts";
import type { ClientHandle } from "../../broker/options.ts";
import { MAX_TIMER_MS } from "../../timers.ts";

/** Removes a client at a time, in Unix milliseconds. */
export function removeAt(time: number, broker: Broker, { id, closed }: ClientHandle): void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    const left = time - Date.now();
    if (left <= 0) broker.removeClient(id, "expired");
    else timer = setTimeout(wait, Math.min(left, MAX_TIMER_MS));
  };
  timer = setTimeout(wait, Math.max(0, Math.min(time - Date.now(), MAX_TIMER_MS)));
  void closed.then(() => clearTimeout(timer));
}

/** The end of a stream that begins now, in Unix milliseconds; undefined for never. */
export function endOfStream(expires: number | undefined, maxAge: number): number | undefined {
  if (maxAge === 0) return expires;
  return Math.min(expires ?? Number.POSITIVE_INFINITY, Date.now() + maxAge * (1 - Math.random() / 2));
}
