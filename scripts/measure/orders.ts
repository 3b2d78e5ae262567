/**
 * The load comes from processes of their own, each of which does what it is ordered to. They are not
 * threads, since a process may open only so many connections.
 */
import { join } from "node:path";

type Message<Answer, Report> =
  | { readonly answer: Answer }
  /** Why it could not do what it was told. */
  | { readonly failed: string }
  | { readonly report: Report };

/** A process that runs a file of this folder. */
export class LoadProcess<Order, Answer, Report = never> {
  readonly #child: Bun.Subprocess;
  #answer = Promise.withResolvers<Answer>();

  /** @param take gets what it reports without being asked. */
  constructor(file: string, take: (report: Report) => void = () => {}) {
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, file)], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "advanced",
      ipc: (message: Message<Answer, Report>) => {
        if ("report" in message) take(message.report);
        else if ("failed" in message) this.#answer.reject(new Error(message.failed));
        else this.#answer.resolve(message.answer);
      },
      onExit: () => this.#answer.reject(new Error(`the load generator's ${file} ended`)),
    });
    this.#answer.promise.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Has it done. @throws Error when it can't be. */
  order(order: Order): Promise<Answer> {
    this.#answer = Promise.withResolvers<Answer>();
    this.#child.send(order);
    return this.#answer.promise;
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

/** In such a process: answers each order with what comes of it. */
export function answerOrders<Order, Answer>(work: (order: Order) => Promise<Answer>): void {
  process.on("message", async (order: Order) => {
    try {
      send({ answer: await work(order) });
    } catch (error) {
      send({ failed: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
}

/** In such a process: tells something without being asked. */
export function report<Report>(something: Report): void {
  send({ report: something });
}

function send(message: Message<unknown, unknown>): void {
  process.send?.(message);
}
