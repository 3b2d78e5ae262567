import type { NamedDraft } from "./deduplication.ts";
import type { Entry } from "./entry.ts";
import type { MayRead } from "./store.ts";
import { sameTopics, topicSet } from "./topic-set.ts";

/** The entries whose ids are their publishers', in memory, found by id and by topics. */
export class NamedEntries {
  /** An id stands on one set of topics most often; else its entries are by their topics, oldest first. */
  readonly #byId = new Map<string, Entry | Map<string, Entry>>();

  add(entry: Entry): void {
    const there = this.#byId.get(entry.id);
    if (there === undefined) this.#byId.set(entry.id, entry);
    else if (there instanceof Map) there.set(keyOf(entry), entry);
    else this.#byId.set(entry.id, new Map([there, entry].map((each) => [keyOf(each), each])));
  }

  /** Forgets an entry, if it was added. */
  remove(entry: Entry): void {
    const there = this.#byId.get(entry.id);
    if (there === undefined) return;
    if (there instanceof Map) {
      there.delete(keyOf(entry));
      if (there.size > 0) return;
    }
    this.#byId.delete(entry.id);
  }

  /** Puts an entry where the one of the same id and topics was. */
  replace(entry: Entry): void {
    const there = this.#byId.get(entry.id);
    if (there instanceof Map) there.set(keyOf(entry), entry);
    else if (there) this.#byId.set(entry.id, entry);
  }

  /** The entry with the draft's id on the draft's topics. */
  find({ id, topics }: NamedDraft): Entry | undefined {
    const there = this.#byId.get(id);
    if (there instanceof Map) return there.get(keyOf({ topics }));
    return there && sameTopics(there.topics, topics) ? there : undefined;
  }

  /** The position of the oldest entry with this id that the reader may read. */
  locate(id: string, mayRead: MayRead): number | undefined {
    const there = this.#byId.get(id);
    if (there === undefined) return undefined;
    for (const entry of there instanceof Map ? there.values() : [there]) {
      if (mayRead(entry)) return entry.position;
    }
    return undefined;
  }
}

function keyOf({ topics }: Pick<Entry, "topics">): string {
  const text = JSON.stringify(topicSet(topics));
  // Many long topics would take as much memory as the event itself.
  return text.length <= 64 ? text : Bun.SHA256.hash(text, "base64");
}
