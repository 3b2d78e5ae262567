import type { Broker } from "../../broker/broker.ts";
import type { StatusOf } from "../../http/status/hub-status.ts";
import type { PastFigures } from "../../protocol/console-feed.ts";
import type { Status } from "../../protocol/status.ts";

/** The time between two samples, in ms: each asks all nodes of the hub. */
const SAMPLE_INTERVAL_MS = 5000;
/** So many samples are kept: fifteen minutes, and some 10 KiB. */
const MAX_SAMPLES = 180;

/** The figures of the last minutes, so that a page which is opened has charts at once. */
export class FigureHistory {
  readonly #status: StatusOf;
  readonly #interval: number;
  readonly #samples: PastFigures[number][] = [];
  #before: Status | undefined;
  #latencySum = 0;
  #latencyCount = 0;

  /** Ends when the broker drains or closes. */
  constructor(broker: Broker, status: StatusOf, interval = SAMPLE_INTERVAL_MS) {
    this.#status = status;
    this.#interval = interval;
    const forget = broker.observe((_, took) => {
      this.#latencySum += took;
      this.#latencyCount++;
    });
    const timer = setInterval(() => void this.#sample(), interval);
    timer.unref();
    const end = () => {
      clearInterval(timer);
      forget();
    };
    if (broker.stopping.aborted) end();
    else broker.stopping.addEventListener("abort", end, { once: true });
  }

  /** The samples, oldest first. */
  get past(): PastFigures {
    return this.#samples;
  }

  async #sample(): Promise<void> {
    let now: Status;
    try {
      now = await this.#status();
    } catch {
      // Nodes that are all away have no figures.
      return;
    }
    const before = this.#before;
    this.#before = now;
    const rate = (total: "published" | "delivered") =>
      before ? Math.max(0, now.totals[total] - before.totals[total]) / (this.#interval / 1000) : null;
    this.#samples.push({
      time: Date.now(),
      published: rate("published"),
      delivered: rate("delivered"),
      clients: now.connected_clients,
      latency: this.#latencyCount > 0 ? this.#latencySum / this.#latencyCount : null,
      memory: now.memory,
    });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    this.#latencySum = this.#latencyCount = 0;
  }
}
