import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import fc from "fast-check";
import type { Commands } from "../../../src/log/redis/commands.ts";
import type {
  Append,
  AppendAnswer,
  Counts,
  Hello,
  HelloAnswer,
  PutBack,
} from "../../../src/log/redis/engine.ts";
import { keysOf } from "../../../src/log/redis/keys.ts";
import { RedisEngine } from "../../../src/log/redis/redis-engine.ts";
import { entriesOfReply, movedEntriesOf } from "../../../src/log/redis/stream-entries.ts";
import { killedWhenKept } from "./killed-when-kept.ts";
import {
  EMPTY,
  type EngineState,
  type Heard,
  isPastBounds,
  ModelEngine,
  type Value,
} from "./model-engine.ts";
import environment from "./model-environment.lua" with { type: "text" };
import { redisPrograms, startRedis } from "./redis-server.ts";
import { schedules } from "./schedules.ts";
import { type Call, type Schedule, Simulation } from "./simulation.ts";

const runs = Number(process.env["TIDINGS_TEST_RUNS"] ?? 1);

/** Asks the scripts what the simulation asked the model, and compares answers and states. */
class Replay {
  readonly #client: RedisClient;
  /** Where a state lies: the prefix of its keys. */
  readonly #at = new Map<EngineState, string>();
  #prefixes = 0;
  /** Where a copy of an earlier state lies, which some calls have made this one of. */
  readonly #earlier = new Map<EngineState, string>();

  constructor(client: RedisClient) {
    this.#client = client;
  }

  async run(calls: readonly Call[]): Promise<void> {
    await this.#client.send("FLUSHALL", []);
    const uses = new Map<EngineState, number>();
    for (const { before } of calls) uses.set(before, (uses.get(before) ?? 0) + 1);
    for (const [i, call] of calls.entries()) {
      const left = (uses.get(call.before) ?? 1) - 1;
      uses.set(call.before, left);
      await this.#call(call, left > 0, i);
    }
    for (const state of this.#at.keys()) if (state !== EMPTY) await this.#compare(state);
  }

  async #call(call: Call, isUsedAgain: boolean, i: number): Promise<void> {
    const { before, after, environment } = call;
    let prefix = before === EMPTY ? this.#newPrefix() : this.#at.get(before);
    if (prefix === undefined) throw new Error("a state that no call has made");
    if (after !== before && before !== EMPTY) {
      if (isUsedAgain) prefix = await this.#copy(prefix);
      else this.#at.delete(before);
    }
    this.#at.set(after, prefix);
    await Promise.all([
      this.#client.send("SET", ["test:time", `${environment.now}`]),
      this.#client.send("SET", ["test:replid", environment.replid]),
    ]);
    const isKept = call.kind === "append" && (call.answer as AppendAnswer).result === "kept";
    const leavesSome = isKept && isPastBounds(after, environment.bounds);
    if (leavesSome) await this.#compareFinished(prefix, call);
    let commands = i % 2 === 0 && !leavesSome ? this.#client : killedWhenKept(this.#client);
    const earlier = this.#earlier.get(before);
    if (earlier !== undefined) commands = this.#lookingUpIn(earlier, prefix, commands);
    const namesACall = i % 3 === 0 ? 1000 : 1;
    const answer = await this.#ask(new RedisEngine(prefix, environmentOfTests, namesACall), call, commands);
    expect({ i, call, answer: sorted(answer, call.answer) }).toEqual({
      i,
      call,
      answer: sorted(call.answer),
    });
    if (after !== before) {
      this.#earlier.delete(before);
      const copied = i % 16 === 0 ? await this.#copy(prefix) : earlier;
      if (copied !== undefined) this.#earlier.set(after, copied);
    }
    if (i % 50 === 0 && after !== EMPTY) await this.#compare(after);
  }

  /** The simulation leaves to later calls what an append leaves to be trimmed. A node that lives trims all of it. */
  async #compareFinished(prefix: string, call: Call): Promise<void> {
    const copy = await this.#copy(prefix);
    const model = new ModelEngine();
    let state = call.after;
    let counts: Counts | undefined;
    while (isPastBounds(state, call.environment.bounds)) {
      const trimmed = model.trim(state, call.environment);
      state = trimmed.state;
      counts = trimmed.answer;
    }
    const answer = await this.#ask(new RedisEngine(copy, environmentOfTests), call, this.#client);
    expect({ call, answer }).toEqual({ call, answer: { ...(call.answer as AppendAnswer), counts } });
    await this.#compare(state, copy);
  }

  async #ask(
    engine: RedisEngine,
    { kind, argument, environment }: Call,
    commands: Commands,
  ): Promise<unknown> {
    switch (kind) {
      case "hello":
        return engine.hello(commands, argument as Hello);
      case "append":
        return engine.append(commands, argument as Append, environment.bounds);
      case "putBack":
        return engine.putBack(commands, argument as PutBack);
      case "trim":
        return engine.trim(commands, environment.bounds);
    }
  }

  /** Looks the first names of an append up in an earlier state, as if other calls had come between. */
  #lookingUpIn(earlier: string, prefix: string, commands: Commands): Commands {
    const keys = keysOf(prefix);
    const keysThere = keysOf(earlier);
    let isFirst = true;
    return {
      send: async (command, args) => {
        if (!args.includes("look_up") || !isFirst) return commands.send(command, args);
        isFirst = false;
        const there = args.map((arg) => keysThere[keys.indexOf(arg)] ?? arg);
        const reply = await commands.send(command, there);
        const isLookedUp = Array.isArray(reply) && reply[0] === "looked up";
        // Any other answer is the answer to the append: it is to be that of the state now.
        return isLookedUp ? reply : commands.send(command, args);
      },
    };
  }

  #newPrefix(): string {
    return `p${++this.#prefixes}`;
  }

  async #copy(prefix: string): Promise<string> {
    const copy = this.#newPrefix();
    const to = keysOf(copy);
    await Promise.all(keysOf(prefix).map((key, i) => this.#client.send("COPY", [key, to[i] ?? ""])));
    return copy;
  }

  async #compare(state: EngineState, prefix = this.#at.get(state) ?? ""): Promise<void> {
    await new RedisEngine(prefix, environmentOfTests).name(this.#client);
    const keys = keysOf(prefix);
    const [log = "", names = "", meta = "", seqs = "", hellos = ""] = keys;
    const [current = "", sizes = "", archive = "", ends = "", moved = ""] = keys.slice(5);
    const client = this.#client;
    const blocks = [
      ...entriesOfReply(await client.send("XRANGE", [log, "-", "+"])),
      ...movedEntriesOf(await client.send("ZRANGE", [moved, "0", "-1"])),
    ].sort((a, b) => a.block.last - b.block.last);
    expect(blocks).toEqual(
      state.blocks.map(({ epoch, previous: _, ...block }) => ({ id: `${epoch}-${block.last}`, block })),
    );
    const found = Object.entries(await hash(client, names)).flatMap(([id, pairs]) =>
      pairs.split(" ").map((pair) => `${id}${pair}`),
    );
    const expected = [...state.names].flatMap(([name, positions]) =>
      positions.map((each) => `${name}:${each}`),
    );
    expect(found.sort()).toEqual(expected.sort());
    const valuesOf = (of: ReadonlyMap<string, Value>, name: keyof Value) =>
      Object.fromEntries([...of].map(([key, value]) => [key, value[name]]));
    expect(await scoresOf(client, current)).toEqual(valuesOf(state.values, "position"));
    const endScores = [...state.ends].map(([key, { position, size }]) => [key, 2 * position + size]);
    expect(await scoresOf(client, ends)).toEqual(Object.fromEntries(endScores));
    expect(await numbersOf(client, sizes)).toEqual(valuesOf(state.values, "size"));
    expect(await numbersOf(client, archive)).toEqual(valuesOf(state.archive, "position"));
    const numbers = await hash(client, seqs);
    expect(numbers).toEqual(
      Object.fromEntries(
        [...state.seqs].map(([node, { seq, last, lease }]) => [node, `${seq} ${last} ${lease}`]),
      ),
    );
    const heard = [...state.hellos].map(([node, heard]) => [node, textOf(heard)]);
    expect(await hash(client, hellos)).toEqual(Object.fromEntries(heard));
    const fields = await hash(client, meta);
    const { recovery } = state;
    const wanted = {
      replid: state.replid,
      lives: livesText(state.lives),
      epoch: state.epochs.at(-1)?.number,
      epochs: state.epochs.map(({ number, after }) => `${number} ${after}`).join(";") || undefined,
      // In a recovery nothing is appended, and the word is of no account.
      word: recovery ? fields["word"] : state.lives.at(-1)?.word,
      ...{ head: state.head, first: state.first, count: state.count, bytes: state.bytes, time: state.time },
      ...{ spare: state.spare, oldest: fields["oldest"], oldest_block: fields["oldest_block"], unnamed: "" },
      ...{ value_bytes: state.valueBytes, floor: state.floor, dropped: state.dropped },
      ...{ ends_floor: state.endsFloor, ends_dropped: state.endsDropped },
      ...(recovery && {
        ...{ phase: recovery.phase, began: recovery.began, put: recovery.lastPut, stop: recovery.end },
        ...{ expected: recovery.expected.join(" "), empty: recovery.empty ? 1 : 0 },
      }),
    };
    const texts = Object.entries(wanted).filter(([, value]) => value !== undefined);
    expect(fields).toEqual(Object.fromEntries(texts.map(([name, value]) => [name, `${value}`])));
  }
}

const environmentOfTests: string = environment;

async function scoresOf(client: RedisClient, key: string): Promise<Record<string, number>> {
  const pairs: unknown = await client.send("ZRANGE", [key, "0", "-1", "WITHSCORES"]);
  return Object.fromEntries((pairs as [string, number][]).map(([key, score]) => [key, score]));
}

/** The number that each value of a hash begins with. */
async function numbersOf(client: RedisClient, key: string): Promise<Record<string, number>> {
  const entries = Object.entries(await hash(client, key));
  return Object.fromEntries(entries.map(([name, text]) => [name, Number.parseInt(text, 10)]));
}

async function hash(client: RedisClient, key: string): Promise<Record<string, string>> {
  return { ...(await client.hgetall(key)) };
}

function livesText(lives: EngineState["lives"]): string {
  return lives.map(({ number, word, first }) => `${number} ${word} ${first}`).join(";");
}

function textOf({ at, lives, head, low, seqs }: Heard): string {
  return [at, livesText(lives), head, low, seqs.map((s) => `${s.node} ${s.seq} ${s.last}`).join(";")].join(
    "|",
  );
}

/** Here a node that holds nothing after a hole is heard when the log goes on behind that. */
const mergesNumbers: Schedule = {
  ...{ seed: 2147483608, ends: true, replicas: 0, erases: true },
  faults: [
    { fault: "empty", after: 22 },
    { fault: "heal", after: 7 },
  ],
};

/** Here a node trims a log that has just been erased. */
const trimsNothing: Schedule = {
  ...{ seed: 325690678, ends: true, replicas: 2, erases: true },
  faults: [{ fault: "flush", after: 54 }],
};

/** Here a replica becomes the master while the nodes say what they have of a log that had gone. */
const promotesWhileHearing: Schedule = {
  ...{ seed: 1, ends: false, replicas: 0, erases: false },
  faults: [
    { fault: "empty", after: 1 },
    { fault: "failover", after: 4 },
  ],
};

/** Here nodes put back a log that has just been erased. */
const putsBackNothing: Schedule = {
  ...{ seed: 303476401, ends: false, replicas: 0, erases: false },
  faults: [
    { fault: "empty", after: 100 },
    { fault: "flush", after: 102 },
  ],
};

/** Here an append sets nothing, in a log into which more ends were put back than it may have. */
const leavesEnds: Schedule = {
  ...{ seed: 1894067046, ends: true, replicas: 0, erases: true },
  faults: [
    { fault: "failover", after: 56 },
    { fault: "partition", after: 297 },
    { fault: "failover", after: 9 },
  ],
};

/** @param expected what the model answers, which tells all that is held: the scripts may tell some of it. */
function sorted(answer: unknown, expected: unknown = answer): unknown {
  // To trim a log that has gone is answered by nothing.
  const given = answer as HelloAnswer | AppendAnswer | undefined;
  if (given && "held" in given && given.held.size > 0) {
    const { held = given.held } = expected as { held?: ReadonlyMap<string, number> };
    return { ...given, held: new Map([...held, ...given.held]) };
  }
  if (given && "seqs" in given)
    return { ...given, seqs: [...given.seqs].sort((a, b) => (a.node < b.node ? -1 : 1)) };
  return given;
}

const examples = [mergesNumbers, trimsNothing, promotesWhileHearing, putsBackNothing, leavesEnds];

for (const program of redisPrograms) {
  test(
    `the scripts do what the model does, in ${program}`,
    async () => {
      const { url } = await startRedis({ program });
      const client = new RedisClient(url);
      await fc.assert(
        fc.asyncProperty(schedules, async (schedule) => {
          const calls: Call[] = [];
          new Simulation(schedule, { calls }).run();
          await new Replay(client).run(calls);
        }),
        { numRuns: examples.length + 2 * runs, examples: examples.map((each) => [each]) },
      );
      client.close();
    },
    60_000 * runs,
  );
}
