import type { Static, TSchema } from "@sinclair/typebox";
import type { Awaitable } from "../log/store.ts";

/**
 * A hub as its routes see it: one node, or several that know of each other. What is asked of the hub is
 * asked of all of them; what each counts, all know of.
 */
export interface Nodes {
  /** What this node is called, among others. */
  readonly name: string | undefined;
  /** How many there are, this one included. */
  readonly count: number;
  /**
   * Something that every node can be asked.
   *
   * @param here answers for this node.
   */
  question<Asked extends TSchema, Answered extends TSchema>(
    name: string,
    schemas: { readonly asked: Asked; readonly answered: Answered },
    here: (asked: Static<Asked>) => Awaitable<Static<Answered>>,
  ): Question<Static<Asked>, Static<Answered>>;
  /** Numbers by key that each node has, and that end with it. */
  counts(name: string, changed?: CountChanged): Counts;
  /**
   * Amounts that are spent. The returned function tells the others.
   *
   * @param spent is told of what others spent, some tenths of a second later.
   */
  spending(name: string, spent: Spend): Spend;
}

export interface Question<Asked, Answered> {
  /** Asks all nodes. It waits for none longer than a second. */
  ask(asked: Asked): Awaitable<Answers<Answered>>;
  /** The same for those that serve at this node's address: its own program's workers. */
  askHere(asked: Asked): Awaitable<Answers<Answered>>;
  /** Asks one node. When it is not there, there is no answer, and nobody is silent. */
  askOne(node: string, asked: Asked): Awaitable<Answers<Answered>>;
}

export interface Answers<Answered> {
  /** This node's is the first. */
  readonly answers: readonly { readonly node: string | undefined; readonly answer: Answered }[];
  /** The names of nodes that did not answer in time, or not in a way that this one understands. */
  readonly silent: readonly string[];
}

/**
 * Is told how many of a key the other nodes have, and, where one has fewer because it is taken for gone, for how
 * long nothing was heard of it, in milliseconds.
 */
export type CountChanged = (key: string, elsewhere: number, silentFor: number) => void;

export interface Counts {
  /** Counts for this node. */
  add(key: string, difference: number): void;
  /** How many of a key the other nodes have, as last heard. */
  elsewhere(key: string): number;
  /** The same for all keys. */
  readonly totalElsewhere: number;
}

export type Spend = (key: string, amount: number) => void;

/** A hub of one node: nothing is told to anybody. */
export class SingleNode implements Nodes {
  readonly name = undefined;
  readonly count = 1;

  question<Asked extends TSchema, Answered extends TSchema>(
    _name: string,
    _schemas: { readonly asked: Asked; readonly answered: Answered },
    here: (asked: Static<Asked>) => Awaitable<Static<Answered>>,
  ): Question<Static<Asked>, Static<Answered>> {
    const answers = (answer: Static<Answered>) => ({ answers: [{ node: undefined, answer }], silent: [] });
    const ask = (asked: Static<Asked>) => {
      const answer = here(asked);
      return answer instanceof Promise ? answer.then(answers) : answers(answer);
    };
    return {
      ask,
      askHere: ask,
      askOne: () => ({ answers: [], silent: [] }),
    };
  }

  counts(): Counts {
    return NO_COUNTS;
  }

  spending(): Spend {
    return () => {};
  }
}

const NO_COUNTS: Counts = { add() {}, elsewhere: () => 0, totalElsewhere: 0 };
