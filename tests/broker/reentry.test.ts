import { expect, test } from "bun:test";
import { Broker } from "../../src/broker/broker.ts";
import { turn } from "../../src/timers.ts";
import { TestClock } from "../clock.ts";
import { addCrowd } from "./crowd.ts";
import { Recorder } from "./recorder.ts";

/** A stream that does something when it is first sent an event that says so. */
class Meddler extends Recorder {
  readonly #word: string;
  readonly #act: () => void;

  constructor(word: string, act: () => void) {
    super();
    this.#word = word;
    this.#act = act;
  }

  override enqueue(chunk: Uint8Array): void {
    super.enqueue(chunk);
    if (Buffer.from(chunk).includes(this.#word)) this.#act();
  }
}

/** A broker whose first client meddles as it is sent `now`; `now` has gathered. */
async function gathering(act: (broker: Broker, id: string) => void) {
  const clock = new TestClock();
  const broker = new Broker({ clock });
  const stream = new Recorder();
  let id = "";
  broker.addClient(new Meddler("now", () => act(broker, id)));
  addCrowd(broker, clock);
  const client = broker.addClient(stream);
  id = client.id;
  await broker.publishBatch([{ type: "t", data: "before" }]);
  await turn();
  await broker.publishBatch([{ type: "t", data: "now" }]);
  expect(stream.events).toEqual([["t", "before"]]);
  return { broker, stream, client };
}

const both: [string, unknown][] = [
  ["t", "before"],
  ["t", "now"],
];

test("a client that another's stream has removed is sent what was published before", async () => {
  const { broker, stream, client } = await gathering((broker, id) => broker.removeClient(id));
  await client.closed;
  expect(stream.events).toEqual(both);
  expect(stream.closed).toBe(1);
  await broker.close();
});

test("a broker that a stream closes has sent everybody what was published before", async () => {
  const { stream, client } = await gathering((broker) => broker.close());
  await client.closed;
  expect(stream.events).toEqual(both);
});

test("a client that is removed just as it would be live is sent nothing more", async () => {
  const { broker } = await gathering((broker) => {
    const latest = [...broker.clients].at(-1);
    if (latest) broker.removeClient(latest.id);
  });
  const late = new Recorder();
  await broker.addClient(late).closed;
  await broker.publishBatch([{ type: "t", data: "after" }]);
  await broker.close();
  expect(late.events).toEqual([]);
});

test("what an application does at the end of a client, and fails in, is nothing to the others", async () => {
  const lines: unknown[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => lines.push(line) };
  const broker = new Broker({ logger });
  const failing = new Recorder();
  const removed = () => {
    throw new Error("the application's own");
  };
  const first = broker.addClient(failing, { removed });
  const streams = [new Recorder(), new Recorder()];
  for (const stream of streams) broker.addClient(stream);
  // One that is behind, and one that is removed by the application.
  await broker.publish({ type: "t", data: 1, id: "one" });
  const replaying = broker.addClient(new Recorder(), { removed, lastEventId: "one" });
  failing.fails = true;
  await broker.publish({ type: "t", data: 2 });
  expect(broker.removeClient(replaying.id)).toBe(true);
  await Promise.all([first.closed, replaying.closed]);
  await broker.publish({ type: "t", data: 3 });
  for (const stream of streams) expect(stream.events.map(([, data]) => data)).toEqual([1, 2, 3]);
  expect(broker.clientCount).toBe(2);
  expect(lines).toMatchObject([
    [{ client: first.id }, "removed failed"],
    [{ client: replaying.id }, "removed failed"],
  ]);
  await broker.close();
});
