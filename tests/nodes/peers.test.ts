import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Broker } from "../../src/broker/broker.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { type Bounds, DEFAULT_BOUNDS } from "../../src/log/store.ts";
import { silent } from "../../src/logger.ts";
import type { Carrier, CarrierListener } from "../../src/nodes/carrier.ts";
import { compareBounds } from "../../src/nodes/other-bounds.ts";
import { Peers } from "../../src/nodes/peers.ts";
import { RecipientsElsewhere } from "../../src/nodes/recipients.ts";
import { matcherText } from "../../src/topics/matcher.ts";
import { ReaderSink } from "../broker/reader-sink.ts";
import { defer } from "../defer.ts";
import { draft } from "../log/draft.ts";
import { until } from "../until.ts";

/** Brings each node what the others tell, in a turn of its own; one that is paused gets it later. */
class Cable {
  readonly #listeners = new Map<string, CarrierListener>();
  readonly #paused = new Map<string, (() => void)[]>();

  node(name: string): Carrier {
    return {
      node: name,
      follow: (listener) => {
        this.#listeners.set(name, listener);
        this.#tellNames();
      },
      tell: (text, to) => {
        for (const [other, listener] of this.#listeners) {
          if (other === name || (to !== undefined && to !== other)) continue;
          const tell = () => listener.told(name, text);
          const waiting = this.#paused.get(other);
          if (waiting) waiting.push(tell);
          else setImmediate(tell);
        }
      },
    };
  }

  pause(name: string): void {
    this.#paused.set(name, []);
  }

  goOn(name: string): void {
    const waiting = this.#paused.get(name) ?? [];
    this.#paused.delete(name);
    for (const tell of waiting) tell();
  }

  /** The others know it no longer; what they tell reaches it. */
  forget(name: string): void {
    const names = [...this.#listeners.keys()].filter((other) => other !== name);
    for (const other of names) this.#listeners.get(other)?.nodesChanged(names);
  }

  remove(name: string): void {
    this.#listeners.delete(name);
    this.#tellNames();
  }

  #tellNames(): void {
    const names = [...this.#listeners.keys()];
    for (const listener of this.#listeners.values()) listener.nodesChanged(names);
  }
}

function peersOf(cable: Cable, name: string): Peers {
  const peers = new Peers(cable.node(name), silent);
  defer(() => peers.leave());
  return peers;
}

test("all nodes are asked, and one that is silent is named after a second", async () => {
  const cable = new Cable();
  const asked: string[] = [];
  const questions = ["1", "2", "3"].map((name) => {
    const peers = peersOf(cable, name);
    const schemas = { asked: Type.Integer(), answered: Type.String() };
    const question = peers.question("double", schemas, (n) => {
      asked.push(name);
      return `${name}: ${2 * n}`;
    });
    peers.join();
    return question;
  });
  const [first] = questions;
  const answers = ["1: 14", "2: 14", "3: 14"].map((answer) => ({ node: answer[0], answer }));
  expect(await first?.ask(7)).toEqual({ answers, silent: [] } as never);
  expect(await first?.askOne("3", 1)).toEqual({ answers: [{ node: "3", answer: "3: 2" }], silent: [] });
  expect(await first?.askOne("4", 1)).toEqual({ answers: [], silent: [] });
  cable.pause("2");
  asked.length = 0;
  // Timers of one process go off in their order, however busy the machine is.
  const without2 = await Promise.race([first?.ask(7), Bun.sleep(1100)]);
  expect(without2?.silent).toEqual(["2"]);
  expect(without2?.answers.map(({ node }) => node)).toEqual(["1", "3"]);
  // What it was asked it does when it is back.
  cable.goOn("2");
  await until(() => asked.includes("2"));
});

test("what another version tells or asks is said once in the log, and passed over", async () => {
  const cable = new Cable();
  const said: string[] = [];
  const logger = { ...silent, error: (_: object, message?: string) => said.push(String(message)) };
  const peers = new Peers(cable.node("1"), logger);
  defer(() => peers.leave());
  const spent: number[] = [];
  peers.spending("s", (_, amount) => spent.push(amount));
  const asked: string[] = [];
  const schemas = { asked: Type.Object({ a: Type.Optional(Type.String()) }), answered: Type.String() };
  const question = peers.question("q", schemas, ({ a = "all" }) => {
    asked.push(a);
    return a;
  });
  peers.join();
  const later = cable.node("2");
  const told: { type: string; id?: number; failed?: string }[] = [];
  later.follow({ told: (_, text) => told.push(JSON.parse(text)), nodesChanged() {} });
  const tell = (message: object) => later.tell(JSON.stringify(message));
  for (let i = 0; i < 3; i++) {
    tell({ type: "counted", all: true, tables: {} });
    tell({ type: "news" });
    tell({ type: "spent", amounts: { s: [["k", 1]] }, refunds: true });
    // Without what it does not know, it would mean more than it does.
    tell({ type: "ask", id: i, question: "q", asked: { b: "b" } });
    tell({ type: "ask", id: i, question: "of a later version", asked: {} });
  }
  tell({ type: "spent", amounts: { s: [["k", 7]] } });
  await until(() => told.filter(({ type }) => type === "answer").length === 6);
  expect(told.filter(({ type }) => type === "answer").every(({ failed }) => failed !== undefined)).toBe(true);
  expect([asked, spent]).toEqual([[], [7]]);
  expect(said.toSorted()).toEqual([
    "a message of another node can't be read: it is passed over",
    "a message of another node can't be read: it is passed over",
    "a question of another node was not answered",
    "a question of another node was not answered",
  ]);
  // An answer that can't be read is none: its node is named.
  const answers = question.ask({});
  await until(() => told.some(({ type }) => type === "ask"));
  const { id } = told.find(({ type }) => type === "ask") ?? {};
  tell({ type: "answer", id, answered: 7 });
  expect(await answers).toEqual({ answers: [{ node: "1", answer: "all" }], silent: ["2"] });
});

test("a node that has been silent for so long that nobody knows it is asked all the same", async () => {
  const cable = new Cable();
  const asked: number[] = [];
  const [first] = ["1", "2"].map((name) => {
    const peers = peersOf(cable, name);
    const schemas = { asked: Type.Integer(), answered: Type.Integer() };
    const question = peers.question("q", schemas, (n) => {
      if (name === "2") asked.push(n);
      return n;
    });
    peers.join();
    return question;
  });
  cable.pause("2");
  cable.forget("2");
  expect(await first?.ask(1)).toEqual({ answers: [{ node: "1", answer: 1 }], silent: [] });
  cable.goOn("2");
  await until(() => asked.includes(1));
});

test("counts are known everywhere, to a node that comes later too, and end with their node", async () => {
  const cable = new Cable();
  const changes: [string, number][] = [];
  const [one, two] = ["1", "2"].map((name) => peersOf(cable, name)) as [Peers, Peers];
  const here = one.counts("c", (key, count) => changes.push([key, count]));
  const there = two.counts("c");
  one.join();
  two.join();
  there.add("a", 3);
  there.add("b", 1);
  there.add("b", -1);
  await until(() => here.elsewhere("a") === 3);
  expect([here.totalElsewhere, here.elsewhere("b")]).toEqual([3, 0]);
  there.add("a", 2);
  const three = peersOf(cable, "3");
  const late = three.counts("c");
  three.join();
  await until(() => late.elsewhere("a") === 5 && here.elsewhere("a") === 5);
  // What was told once is not told again.
  await until(() => late.totalElsewhere === 5);
  cable.remove("2");
  expect([here.totalElsewhere, late.totalElsewhere]).toEqual([0, 0]);
  expect(changes.at(-1)).toEqual(["a", 0]);
});

test("what is spent at one node is charged at the others", async () => {
  const cable = new Cable();
  const charged: [string, number][] = [];
  const [one, two] = ["1", "2"].map((name) => peersOf(cable, name)) as [Peers, Peers];
  const spend = one.spending("s", () => {});
  two.spending("s", (key, amount) => charged.push([key, amount]));
  one.join();
  two.join();
  for (let i = 0; i < 10; i++) spend("k", 2);
  await until(() => charged.length > 0);
  expect(charged).toEqual([["k", 20]]);
});

test("a node says once which bounds another has that are not its own", async () => {
  const cable = new Cable();
  const join = (name: string, bounds: Partial<Bounds>) => {
    const said: unknown[] = [];
    const peers = peersOf(cable, name);
    const store = new MemoryStore({ ...DEFAULT_BOUNDS, ...bounds });
    compareBounds(store, peers, { ...silent, warn: (fields) => said.push(fields) });
    peers.join();
    return said;
  };
  const first = join("1", { events: 100 });
  const same = join("2", { events: 100 });
  const other = join("3", { events: 20, age: 1000 });
  join("4", { events: 20, age: 1000 });
  const [of100, of20] = [
    { history_events: 100, history_age_ms: null },
    { history_events: 20, history_age_ms: 1000 },
  ];
  for (const said of [first, same]) {
    await until(() => said.length > 0);
    expect(said).toEqual([{ here: of100, there: of20 }]);
  }
  await until(() => other.length > 0);
  expect(other).toEqual([{ here: of20, there: of100 }]);
});

test("an event's recipients at other nodes are counted by what they ask for and may read", async () => {
  const cable = new Cable();
  const [one, two] = ["1", "2"].map((name) => {
    const peers = peersOf(cable, name);
    const broker = new Broker();
    defer(() => broker.close());
    const elsewhere = new RecipientsElsewhere();
    elsewhere.share(broker, peers);
    peers.join();
    return { broker, elsewhere };
  }) as [
    { broker: Broker; elsewhere: RecipientsElsewhere },
    { broker: Broker; elsewhere: RecipientsElsewhere },
  ];
  const add = (topics: string[], types: string[] = [], privateTopics: string[] = []) =>
    two.broker.addClient(new ReaderSink(), { interest: { topics, types, privateTopics } });
  add([]);
  add(["a/*"]);
  const gone = add(["a/*", "a/1"]);
  add(["b"], ["t"], ["b"]);
  const count = (topics: string[], more: Parameters<typeof draft>[0] = {}) =>
    one.elsewhere.count(draft({ topics, ...more }));
  await until(() => count([]) === 4);
  expect(count(["a/1", "a/2"])).toBe(3);
  expect(count(["b"], { type: "t" })).toBe(2);
  expect(count(["b"], { type: "t", private: true })).toBe(1);
  expect(count(["c"])).toBe(1);
  expect(two.elsewhere.count(draft({ topics: ["a/1"] }))).toBe(0);
  two.broker.removeClient(gone.id);
  await until(() => count(["a/1"]) === 2);
  // What the patterns of one node cost, all nodes know.
  const alike = Array.from({ length: 50 }, (_, i) =>
    matcherText("urlpattern", `*://*/*a*${i}*`, "https://h"),
  );
  const crowd = add(alike);
  await until(() => one.broker.crowd === two.broker.crowd && one.broker.crowd > 0);
  two.broker.removeClient(crowd.id);
  await until(() => one.broker.crowd === 0);
});
