import type { Draft, Entry } from "./entry.ts";
import { sameJson } from "./same-json.ts";
import type { Awaitable, Store } from "./store.ts";

/** The id belongs to an event that says something else. */
export class IdConflict extends Error {
  override readonly name = "IdConflict";
  readonly id: string;

  constructor(id: string) {
    super(`id ${JSON.stringify(id)} is already used for a different event`);
    this.id = id;
  }
}

/** Where a draft's event will be found: one that is held already, or one of the plan's fresh ones. */
export type Source = { readonly held: Entry } | { readonly fresh: number; readonly again: boolean };

/** Sorts what was published in one turn into what is new and what was published before. */
export class Deduplication {
  /** What the store is to append, in order. */
  readonly fresh: Draft[] = [];
  readonly #store: Store;
  readonly #freshById = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Takes all of the drafts, or none when an id among them is used for a different event. */
  add(drafts: readonly Draft[]): Awaitable<readonly Source[] | IdConflict> {
    // Nothing is looked up for events without ids, which most are.
    if (drafts.every(({ id }) => id === undefined)) return drafts.map((draft) => this.#append(draft));
    return this.#addWithIds(drafts);
  }

  async #addWithIds(drafts: readonly Draft[]): Promise<readonly Source[] | IdConflict> {
    const sources: Source[] = [];
    const before = this.fresh.length;
    for (const draft of drafts) {
      const source = draft.id === undefined ? this.#append(draft) : await this.#source(draft, draft.id);
      if (source) {
        sources.push(source);
        continue;
      }
      for (const undone of this.fresh.splice(before)) {
        if (undone.id !== undefined) this.#freshById.delete(undone.id);
      }
      return new IdConflict(draft.id ?? "");
    }
    return sources;
  }

  #append(draft: Draft): Source {
    return { fresh: this.fresh.push(draft) - 1, again: false };
  }

  async #source(draft: Draft, id: string): Promise<Source | undefined> {
    const index = this.#freshById.get(id);
    const planned = index === undefined ? undefined : this.fresh[index];
    if (index !== undefined && planned) {
      return sameContent(planned, draft) ? { fresh: index, again: true } : undefined;
    }
    const held = await this.#store.find(id);
    if (held) return sameContent(held, draft) ? { held } : undefined;
    this.#freshById.set(id, this.fresh.length);
    return this.#append(draft);
  }
}

function sameContent(a: Draft, b: Draft): boolean {
  return (
    a.type === b.type &&
    a.retry === b.retry &&
    a.private === b.private &&
    a.topics.length === b.topics.length &&
    a.topics.every((topic, i) => topic === b.topics[i]) &&
    sameJson(a.json, b.json)
  );
}
