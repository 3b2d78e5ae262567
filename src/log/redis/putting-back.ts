import { newWord, type Place } from "../../protocol/place.ts";
import type { Commands } from "./commands.ts";
import { rewriteOf } from "./content.ts";
import type { HelloAnswer, Rewrite } from "./engine.ts";
import type { Member } from "./member.ts";
import { erasedBy } from "./names.ts";
import type { RedisEngine } from "./redis-engine.ts";

export interface PuttingBackOptions {
  readonly engine: RedisEngine;
  readonly member: Member;
  /** The connection to use. @throws RedisAway */
  readonly commands: () => Commands;
}

/** Puts back what Redis has lost, and this node holds. */
export class PuttingBack {
  /** How many units were put back. */
  count = 0;
  readonly #options: PuttingBackOptions;

  constructor(options: PuttingBackOptions) {
    this.#options = options;
  }

  /**
   * Goes on while this node holds the unit that comes next.
   *
   * @param first the answer to the hello that asked for it.
   * @throws RedisAway
   */
  async run(first: HelloAnswer): Promise<void> {
    const { engine, member, commands } = this.#options;
    let answer = first;
    for (let unit = member.unitToPutBack(answer); unit; unit = member.unitToPutBack(answer)) {
      const head: number = answer.state === "putting back" ? answer.head : 0;
      const erased = erasedBy(unit[0].current);
      const rewrite = erased && (await this.#rewriteOf(erased));
      const putBack = { node: member.name, newWord: newWord(), blocks: unit, rewrite };
      answer = await engine.putBack(commands(), putBack);
      this.count++;
      if (answer.state === "putting back" && answer.head === head) return;
    }
  }

  /** What has been put back before may have the data of an event that is erased. */
  async #rewriteOf({ word, position }: Place): Promise<Rewrite> {
    const { engine, commands } = this.#options;
    const block = await engine.blockAt(commands(), position);
    return rewriteOf(block?.word === word ? block : undefined, position);
  }
}
