import type { Broker } from "../../broker/broker.ts";
import type { ClientOptions } from "../../broker/options.ts";
import type { EventSink } from "../../broker/sink.ts";
import { KEEP_ALIVE } from "../../protocol/frame.ts";
import type { Admission } from "../limits/admission.ts";

/** Calls back at the first bytes after the greeting, and throws them away: the log has what they say. */
class Waker implements EventSink {
  /** Set when the greeting has been written. */
  wake: (() => void) | undefined;

  enqueue(bytes: Uint8Array): void {
    if (bytes !== KEEP_ALIVE) this.wake?.();
  }

  close(): void {}
}

/** Who waits, and for what. */
export interface WaitOptions extends Required<Pick<ClientOptions, "interest" | "about" | "signal">> {
  /** In milliseconds. */
  readonly time: number;
}

/**
 * Waits for an event after the head of the log. It resolves when there may be one, when the time is over,
 * and when the hub stops. Meanwhile there is a client of the broker, which is counted and bounded as any other.
 *
 * @throws Problem 429 or 503 when there is no room for one more client
 */
export async function nextEvent(
  broker: Broker,
  admission: Admission,
  { interest, about, signal, time }: WaitOptions,
): Promise<void> {
  admission.assert(about.address);
  const woken = Promise.withResolvers<void>();
  const waker = new Waker();
  const removed = () => admission.leave(about.address);
  const client = broker.addClient(waker, { interest, about, signal, removed });
  admission.enter(about.address);
  waker.wake = woken.resolve;
  const timer = setTimeout(woken.resolve, time);
  await Promise.race([woken.promise, client.closed]);
  clearTimeout(timer);
  broker.removeClient(client.id, "disconnected");
}
