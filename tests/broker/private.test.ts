import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import { until } from "../until.ts";
import { Recorder } from "./recorder.ts";

/** Takes bytes, and now and then says that it is full until it is let go on. */
class Hesitant extends Recorder {
  #go: (() => void) | undefined;
  hesitates = false;

  override enqueue(chunk: Uint8Array): unknown {
    super.enqueue(chunk);
    if (!this.hesitates) return undefined;
    return new Promise<void>((resolve) => {
      this.#go = resolve;
    });
  }

  goOn(): void {
    this.hesitates = false;
    this.#go?.();
  }
}

const news = { topics: ["news"], types: [] };
const numbers = (recorder: Recorder) => recorder.events.map(([, data]) => (data as { n: number }).n);

test("one that becomes full amid private events misses none and gets none twice", async () => {
  const broker = new Broker();
  const [full, fast, other] = [new Hesitant(), new Recorder(), new Recorder()];
  for (const stream of [full, fast])
    broker.addClient(stream, { interest: { ...news, privateTopics: ["users/1"] } });
  broker.addClient(other, { interest: news });
  // Several chunks' worth, public and private in turn.
  const events = Array.from({ length: 20 }, (_, n) => ({
    type: "t",
    data: { n, text: "x".repeat(5000) },
    topics: ["news", "users/1"],
    private: n % 2 === 1,
  }));
  full.hesitates = true;
  await broker.publishBatch(events);
  expect(full.events.length).toBeLessThan(20);
  expect(numbers(fast)).toEqual([...events.keys()]);
  expect(numbers(other)).toEqual([...events.keys()].filter((n) => n % 2 === 0));
  full.goOn();
  await until(() => full.events.length >= 20);
  await broker.publishBatch([{ type: "t", data: { n: 20 }, topics: ["news"] }]);
  expect(numbers(full)).toEqual(Array.from({ length: 21 }, (_, n) => n));
  expect(broker.totals.delivered).toBe(20 + 20 + 10 + 3);
});

test("clients with tokens of their own share what they ask for", () => {
  const broker = new Broker();
  for (let i = 0; i < 100; i++) {
    broker.addClient(new Recorder(), { interest: { ...news, privateTopics: [`users/${i}`] } });
  }
  expect(broker.subscriptionCount).toBe(1);
});

test("a private event goes to those alone who may read it, whoever has left", async () => {
  const broker = new Broker();
  const streams = Array.from({ length: 4 }, () => new Recorder());
  const clients = streams.map((stream, i) =>
    broker.addClient(stream, { interest: { ...news, privateTopics: [`users/${i % 2}`] } }),
  );
  broker.removeClient(clients[0]?.id ?? "");
  const [receipt] = await broker.publishBatch([
    { type: "t", data: { n: 1 }, topics: ["news", "users/0"], private: true },
  ]);
  expect(receipt?.recipients).toBe(1);
  expect(streams.map((stream) => stream.events.length)).toEqual([0, 0, 1, 0]);
});
