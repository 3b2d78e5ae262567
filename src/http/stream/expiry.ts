import type { Broker, ClientHandle } from "../../broker/broker.ts";
import { LONGEST_TIMER } from "../../longest-timer.ts";

/** Removes the client at that time, in Unix milliseconds, if it is still there. */
export function removeAt(time: number, broker: Broker, { id, closed }: ClientHandle): void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    const left = time - Date.now();
    if (left <= 0) broker.removeClient(id);
    else timer = setTimeout(wait, Math.min(left, LONGEST_TIMER));
  };
  timer = setTimeout(wait, Math.max(0, Math.min(time - Date.now(), LONGEST_TIMER)));
  void closed.then(() => clearTimeout(timer));
}
