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
