import { describe, expect, test } from "bun:test";
import type { HelloAnswer } from "../../../src/log/redis/engine.ts";
import { Member } from "../../../src/log/redis/member.ts";
import { EMPTY, type EngineRule, type EngineState, ModelEngine } from "./model-engine.ts";

/** A Redis and its nodes, step by step, on a clock that the test moves. */
class Scene {
  state: EngineState = EMPTY;
  replid = "r1";
  now = 1_000_000;
  readonly #engine: ModelEngine;
  #words = 0;

  constructor(off: readonly EngineRule[] = []) {
    this.#engine = new ModelEngine(new Set(off));
  }

  get #environment() {
    const bounds = {
      events: 100,
      bytes: 1e6,
      age: Number.POSITIVE_INFINITY,
      spare: 0,
      values: 10,
      ends: 10,
      valueBytes: 1e6,
    };
    return { now: this.now, replid: this.replid, bounds };
  }

  hello(member: Member, insists = false): HelloAnswer {
    const hello = member.hello(`w${++this.#words}`, insists);
    const { state, answer } = this.#engine.hello(this.state, this.#environment, hello);
    this.state = state;
    member.heard(answer);
    return answer;
  }

  /** Begins the log with these nodes. */
  begin(...members: readonly Member[]): void {
    for (const member of members) this.hello(member);
    this.now += 1000;
    for (const member of members) this.hello(member);
  }

  append(member: Member, count: number, current = ""): void {
    for (let i = 0; i < count; i++) {
      const { append } = member.begin([
        { count: 1, size: 1, names: "", current, text: `${member.name}-${i}` },
      ]);
      const { state } = this.#engine.append(this.state, this.#environment, { ...append, word: member.word });
      this.state = state;
      member.finish();
    }
  }

  /** The members follow the log up to this position. */
  follow(to: number, ...members: readonly Member[]): void {
    for (const member of members) {
      for (const block of this.state.blocks)
        if (block.last <= to) expect(member.follow(block)).not.toBe("hello");
    }
  }

  /** The member says hello and puts back what it can. */
  putBack(member: Member): HelloAnswer {
    let answer = this.hello(member);
    for (let unit = member.unitToPutBack(answer); unit; unit = member.unitToPutBack(answer)) {
      const call = { node: member.name, newWord: `w${++this.#words}`, blocks: unit };
      const outcome = this.#engine.putBack(this.state, this.#environment, call);
      this.state = outcome.state;
      answer = outcome.answer;
    }
    return answer;
  }

  /** Another server is the master, with the log as it was then. */
  failOver(state: EngineState): void {
    this.state = state;
    this.replid = `r${++this.#words}`;
  }

  /** A log of five events fails over to a server that lacks the last two. Of the nodes, `b` alone has them. */
  loseTwo(a: Member, b: Member): void {
    this.begin(a, b);
    this.append(a, 3);
    const lagging = this.state;
    this.append(a, 2);
    this.follow(3, a);
    this.follow(5, b);
    this.failOver(lagging);
  }
}

const DAMAGED = "damaged";
const node = (name: string): Member =>
  new Member(name, 100, { isWhole: (text) => text !== DAMAGED, withoutEvent: (block) => block });

/** The head of the log after a scene, with all rules and without this one. */
function withAndWithout(rule: EngineRule, scene: (scene: Scene) => void): [number, number] {
  const heads = [[], [rule]].map((off) => {
    const run = new Scene(off);
    scene(run);
    expect(run.state.recovery).toBeUndefined();
    return run.state.head;
  });
  return [heads[0] ?? 0, heads[1] ?? 0];
}

describe("a rule that random schedules seldom need", () => {
  test("expect who was there: a node that is a second late after a long outage is waited for", () => {
    const heads = withAndWithout("expect who was there", (scene) => {
      const [a, b] = [node("a"), node("b")];
      scene.loseTwo(a, b);
      scene.now += 60_000;
      scene.hello(a);
      scene.now += 1500;
      scene.hello(a);
      scene.putBack(b);
      scene.hello(a);
    });
    expect(heads).toEqual([5, 3]);
  });

  test("a jump counts for nothing: a clock that jumps ahead in a recovery leaves nodes the time to come", () => {
    const heads = withAndWithout("a jump counts for nothing", (scene) => {
      const [a, b] = [node("a"), node("b")];
      scene.loseTwo(a, b);
      scene.hello(a);
      scene.now += 3_600_000;
      scene.hello(a);
      scene.now += 1500;
      scene.putBack(b);
      scene.hello(a);
    });
    expect(heads).toEqual([5, 3]);
  });

  test("hear for a second: a node that the replica does not know yet has time to come", () => {
    const heads = withAndWithout("hear for a second", (scene) => {
      const [a, b] = [node("a"), node("b")];
      scene.begin(a);
      scene.append(a, 3);
      const lagging = scene.state;
      scene.hello(b);
      scene.append(b, 2);
      scene.follow(3, a);
      scene.follow(5, b);
      scene.failOver(lagging);
      scene.hello(a);
      scene.now += 500;
      scene.hello(b);
      scene.now += 600;
      scene.putBack(b);
    });
    expect(heads).toEqual([5, 3]);
  });

  /** Life 1 has 10 events; life 2 follows on the sixth and has 2; then all is lost. */
  function twoLives(scene: Scene): [ahead: Member, behind: Member] {
    const [a, b] = [node("a"), node("b")];
    scene.begin(a, b);
    scene.append(a, 6);
    const lagging = scene.state;
    scene.append(a, 4);
    scene.follow(2, a);
    scene.follow(10, b);
    scene.failOver(lagging);
    for (let i = 0; i < 6; i++) {
      scene.hello(a);
      scene.now += 1000;
    }
    scene.append(a, 2);
    scene.follow(scene.state.head, a);
    return [a, b];
  }

  test("the highest life is right, and not the longest log", () => {
    const heads = withAndWithout("the highest life is right", (scene) => {
      const [a, b] = twoLives(scene);
      expect([a.head, b.head]).toEqual([8, 10]);
      scene.failOver(EMPTY);
      for (let i = 0; i < 7; i++) {
        scene.putBack(a);
        scene.putBack(b);
        scene.now += 1000;
      }
    });
    expect(heads).toEqual([8, 10]);
  });

  test("the furthest end counts: a node of an earlier life may hold more of the right log", () => {
    const heads = withAndWithout("the furthest end counts", (scene) => {
      const [a, b] = [node("a"), node("b")];
      scene.begin(a, b);
      scene.append(a, 6);
      scene.follow(2, a);
      scene.follow(6, b);
      // The next life opens with all of it, and is heard by the node that is behind.
      scene.failOver(scene.state);
      for (let i = 0; i < 6; i++) {
        scene.hello(a);
        scene.now += 1000;
      }
      scene.failOver(EMPTY);
      for (let i = 0; i < 7; i++) {
        scene.putBack(a);
        scene.putBack(b);
        scene.now += 1000;
      }
    });
    expect(heads).toEqual([6, 2]);
  });

  test("cut values: what a block has replaced is current again when it is cut", () => {
    const positions = [[], ["cut values" as const]].map((off) => {
      const scene = new Scene(off);
      const [a, b] = [node("a"), node("b")];
      scene.begin(a, b);
      scene.append(a, 1, "v1");
      scene.follow(1, a, b);
      const old = scene.state;
      scene.append(a, 1, "v1");
      scene.append(a, 1, "-v1");
      scene.append(a, 1, "v2");
      const beside = scene.state;
      // Another life begins where those have not come.
      scene.failOver(old);
      for (let i = 0; i < 6; i++) {
        scene.hello(b);
        scene.now += 1000;
      }
      scene.failOver(beside);
      for (let i = 0; i < 6; i++) {
        scene.putBack(b);
        scene.now += 1000;
      }
      expect([scene.state.recovery, scene.state.head]).toEqual([undefined, 1]);
      return [...scene.state.values].map(([key, { position }]) => [key, position]);
    });
    expect(positions).toEqual([[["v1", 1]], [["v2", 4]]]);
  });

  test("a number above all: what was erased on purpose does not come back with a node that was away", () => {
    const heads = withAndWithout("number above all", (scene) => {
      const [a, b] = [node("a"), node("b")];
      scene.begin(a, b);
      scene.append(a, 5);
      scene.follow(5, a, b);
      scene.state = EMPTY;
      scene.hello(a);
      scene.append(a, 1);
      scene.follow(1, a);
      scene.failOver(scene.state);
      for (let i = 0; i < 7; i++) {
        scene.putBack(b);
        scene.putBack(a);
        scene.now += 1000;
      }
    });
    expect(heads).toEqual([1, 5]);
  });
});

describe("a unit that has come to a node damaged", () => {
  /** Two nodes have followed five units, the fourth damaged where it says so, and the new master has two. */
  function recover(damaged: (name: string) => boolean): Scene {
    const scene = new Scene();
    const nodes = [node("a"), node("b")] as const;
    scene.begin(...nodes);
    scene.append(nodes[0], 2);
    const lagging = scene.state;
    scene.append(nodes[0], 3);
    for (const each of nodes) {
      for (const block of scene.state.blocks)
        each.follow(block.last === 4 && damaged(each.name) ? { ...block, text: DAMAGED } : block);
    }
    scene.failOver(lagging);
    for (let i = 0; i < 8 && (i === 0 || scene.state.recovery); i++) {
      for (const each of nodes) scene.putBack(each);
      scene.now += 1000;
    }
    expect(scene.state.recovery).toBeUndefined();
    return scene;
  }
  const textsOf = ({ state }: Scene) => state.blocks.map(({ last, text }) => `${last} ${text}`);

  test("is put back by another that has it whole", () => {
    const whole = ["1 a-0", "2 a-1", "3 a-0", "4 a-1", "5 a-2"];
    expect(textsOf(recover((name) => name === "a"))).toEqual(whole);
    expect(textsOf(recover((name) => name === "b"))).toEqual(whole);
  });

  test("is missing where nobody has it whole, and the log goes on after it", () => {
    const scene = recover(() => true);
    expect(textsOf(scene)).toEqual(["1 a-0", "2 a-1", "3 a-0", "5 a-2"]);
    expect(scene.state.head).toBe(5);
  });
});

test("an answer that was asked for in another life decides nothing", () => {
  const scene = new Scene();
  const a = node("a");
  scene.begin(a);
  const pending = a.begin([{ count: 1, size: 1, names: "", current: "", text: "1" }]);
  const { word } = a;
  pending.sent = true;
  scene.failOver(scene.state);
  scene.hello(a);
  scene.now += 1000;
  scene.hello(a);
  expect(a.word).not.toBe(word);
  expect(a.answered(pending, word, { result: "again", last: 1 })).toBeUndefined();
  expect([pending.sent, pending.kept, a.isFollowed]).toEqual([false, undefined, false]);
});

test("an append that is sent again in another life knows no ends that were cut", () => {
  const scene = new Scene();
  const [a, b] = [node("a"), node("b")];
  scene.begin(a, b);
  scene.append(b, 1);
  const lagging = scene.state;
  scene.append(b, 1);
  scene.follow(2, a);
  const pending = a.begin([{ count: 1, size: 1, names: "", current: "", text: "1" }], {
    upTo: 2,
    topics: "",
  });
  expect(pending.append.ends?.upTo).toBe(2);
  // Nobody who has the second event comes in time, and another one ends a topic at its place.
  scene.failOver(lagging);
  scene.hello(b);
  scene.now += 5000;
  scene.hello(b);
  scene.append(b, 1, "e0");
  scene.hello(a);
  expect([a.head, pending.append.ends?.upTo]).toEqual([1, 1]);
});

test("a node says hello before it takes a block of a life that it does not know", () => {
  const scene = new Scene();
  const [a, b] = [node("a"), node("b")];
  scene.begin(a, b);
  scene.failOver(scene.state);
  for (let i = 0; i < 6; i++) {
    scene.hello(a);
    scene.now += 1000;
  }
  scene.append(a, 1);
  const [block] = scene.state.blocks;
  if (!block) throw new Error("no block");
  expect(b.follow(block)).toBe("hello");
  scene.hello(b);
  expect(b.follow(block)).toEqual([[block]]);
});
