import { placeText } from "../../protocol/place.ts";
import type { Appending } from "./appending.ts";
import { erasing, rewriteOf } from "./content.ts";
import type { LogView } from "./log-view.ts";
import type { Member } from "./member.ts";
import type { Reading } from "./reading.ts";

export interface ErasingOptions {
  readonly member: Member;
  readonly view: LogView;
  readonly reading: Reading;
  readonly appending: Appending;
}

/** Erases the data of events, and again when Redis has lost the erasure. */
export class Erasing {
  readonly #member: Member;
  readonly #view: LogView;
  readonly #reading: Reading;
  readonly #appending: Appending;

  constructor({ member, view, reading, appending }: ErasingOptions) {
    this.#member = member;
    this.#view = view;
    this.#reading = reading;
    this.#appending = appending;
  }

  /** Whether something is to be erased again. */
  get isDue(): boolean {
    return this.#view.unerased.length > 0;
  }

  /**
   * Erases the data of the event at a position, in Redis and at all nodes. False if it is not held.
   *
   * @throws RedisAway when nothing has changed; OutcomeUnknown.
   */
  async erase(position: number): Promise<boolean> {
    const wanted = this.#wordAt(position);
    await this.#reading.comeToHead();
    for (;;) {
      const block = await this.#reading.blockAt(position);
      const word = this.#wordAt(position);
      // Another life may have another event there.
      if (word === undefined || word !== wanted) return false;
      const found = block?.word === word ? block : undefined;
      const isHeld = found !== undefined && position >= this.#view.first;
      const [value] = this.#view.current.values.read(position - 1, position, 1).values;
      if (!isHeld && !value) return false;
      const rewrite = rewriteOf(found, position);
      if (await this.#appending.appendBlock(erasing({ word, position }), rewrite)) return true;
    }
  }

  /** Redis has lost erasures: they are done again. @throws RedisAway; OutcomeUnknown. */
  async eraseAgain(): Promise<void> {
    for (const place of this.#view.unerased) {
      const isOn = this.#member.isOn({ word: place.word, last: place.position });
      if (isOn && (await this.erase(place.position))) {
        this.#view.follower?.warned(
          `Redis had lost the erasure of the event at ${placeText(place)}: it is erased again`,
        );
      }
      this.#view.unerased = this.#view.unerased.filter((each) => each !== place);
    }
  }

  /** The word of the life that a position is in. */
  #wordAt(position: number): string | undefined {
    return this.#member.lives.findLast(({ first }) => first <= position)?.word;
  }
}
