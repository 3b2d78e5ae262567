import type { EndedReader } from "./ended-topics.ts";
import type { Draft, Entry } from "./entry.ts";
import { sameJson } from "./same-json.ts";
import { type Batch, IdConflict, type Receipt, type Refusal, TopicEnded } from "./store.ts";
import { topicSet } from "./topic-set.ts";

/** A draft whose publisher gave it an id. */
export type NamedDraft = Draft & { readonly id: string };

/** Where a draft's event will be found: one that is held already, or one of the fresh ones. */
type Source = { readonly held: Entry } | { readonly fresh: number; readonly again: boolean };

/** A batch of fresh drafts alone. */
class Run {
  readonly first: number;
  readonly end: number;

  constructor(first: number, end: number) {
    this.first = first;
    this.end = end;
  }

  receipts(kept: readonly Entry[]): Receipt[] {
    const receipts: Receipt[] = [];
    for (let i = this.first; i < this.end; i++) receipts.push(receiptFor(kept[i], false));
    return receipts;
  }
}

const NO_STEPS: readonly undefined[] = [];

/** So many drafts, of which some have ids, are looked up in one step. */
const LOOKED_UP_TOGETHER = 16;

/**
 * Sorts what is appended into what is new and what was published before. An id is unique on its
 * topics, as a set. What is new is refused on a topic that has ended.
 */
export class Deduplication {
  /** What the store is to keep, in order. */
  readonly fresh: Draft[] = [];
  /** Whether some of it may become current values. */
  retains = false;
  /** Whether some of it ends its topics. */
  ends = false;
  /** How many clients each of those is for. */
  readonly recipients: number[] = [];
  readonly #find: (draft: NamedDraft) => Entry | undefined;
  readonly #ended: EndedReader | undefined;
  readonly #freshByName = new Map<string, number>();
  /** The topics that fresh drafts end, and the indices of those. */
  readonly #freshEnds = new Map<string, number>();
  readonly #sources: (Run | readonly Source[] | Refusal)[] = [];

  /**
   * @param find the held event that has the draft's id on the draft's topics.
   * @param ended the topics that have ended; none where the store does not know.
   */
  constructor(find: (draft: NamedDraft) => Entry | undefined, ended?: EndedReader) {
    this.#find = find;
    this.#ended = ended;
  }

  /**
   * Takes all of a batch, or none when an id in it is used for a different event, or a topic has ended. What
   * has to be looked up is looked up in the steps that it returns.
   */
  add(batch: Batch): Iterable<void> {
    const { drafts, recipients } = batch;
    const mayBeEnded = (this.#ended?.count ?? 0) > 0 || this.#freshEnds.size > 0;
    if (mayBeEnded || drafts.some(isLookedUp)) return this.#lookUp(batch);
    // Nothing is looked up for events without ids, which most are.
    const first = this.fresh.length;
    for (let i = 0; i < drafts.length; i++) this.#push(drafts[i] as Draft, recipients[i] ?? 0);
    this.#sources.push(new Run(first, this.fresh.length));
    return NO_STEPS;
  }

  *#lookUp({ drafts, recipients }: Batch): Generator<void, void, void> {
    const before = this.fresh.length;
    const sources: Source[] = [];
    for (const [i, draft] of drafts.entries()) {
      if (i % LOOKED_UP_TOGETHER === 0) yield;
      const count = recipients[i] ?? 0;
      let source: Source | Refusal;
      if (isNamed(draft)) {
        const name = nameOf(draft);
        const known = this.#known(draft, name);
        // Most names are new. Steps would cost them more than looking them up.
        source = known ? yield* this.#again(known, draft) : this.#keep(draft, count, name);
      } else source = this.#keep(draft, count);
      if (source instanceof IdConflict || source instanceof TopicEnded) {
        this.#undo(before);
        this.#sources.push(source);
        return;
      }
      sources.push(source);
    }
    this.#sources.push(sources);
  }

  /** The answer to each batch, when the fresh drafts have become these entries. */
  receipts(kept: readonly Entry[]): (readonly Receipt[] | Refusal)[] {
    return this.#sources.map((sources) => {
      if (sources instanceof IdConflict || sources instanceof TopicEnded) return sources;
      if (sources instanceof Run) return sources.receipts(kept);
      return sources.map((source) => receiptOf(source, kept));
    });
  }

  /** Where an event of the name is, which the draft may be again. */
  #known(draft: NamedDraft, name: string): Source | undefined {
    const fresh = this.#freshByName.get(name);
    if (fresh !== undefined) return { fresh, again: true };
    const held = this.#find(draft);
    return held && { held };
  }

  *#again(known: Source, draft: NamedDraft): Generator<void, Source | IdConflict, void> {
    const other = "held" in known ? known.held : this.fresh[known.fresh];
    const isErased = "held" in known && known.held.erased;
    const isSame = other !== undefined && !isErased && (yield* sameContent(other, draft));
    return isSame ? known : new IdConflict(draft.id);
  }

  #keep(draft: Draft, recipients: number, name?: string): Source | TopicEnded {
    for (const topic of draft.topics) {
      if (this.#freshEnds.has(topic) || this.#ended?.get(topic)) return new TopicEnded(topic);
    }
    const fresh = this.fresh.length;
    if (draft.end) for (const topic of draft.topics) this.#freshEnds.set(topic, fresh);
    if (name !== undefined) this.#freshByName.set(name, fresh);
    this.#push(draft, recipients);
    return { fresh, again: false };
  }

  #push(draft: Draft, recipients: number): void {
    this.fresh.push(draft);
    if (draft.retain) this.retains = true;
    if (draft.end) this.ends = true;
    this.recipients.push(recipients);
  }

  #undo(before: number): void {
    this.fresh.length = before;
    this.recipients.length = before;
    for (const indices of [this.#freshByName, this.#freshEnds]) {
      for (const [name, index] of indices) if (index >= before) indices.delete(name);
    }
  }
}

function isNamed(draft: Draft): draft is NamedDraft {
  return draft.id !== undefined;
}

/** The id and the topics, as a set. */
function nameOf({ id, topics }: NamedDraft): string {
  return JSON.stringify([id, ...topicSet(topics)]);
}

/** Whether a draft has to be looked up even where no topic has ended. */
function isLookedUp(draft: Draft): boolean {
  return isNamed(draft) || draft.end;
}

function receiptOf(source: Source, kept: readonly Entry[]): Receipt {
  return "held" in source ? receiptFor(source.held, true) : receiptFor(kept[source.fresh], source.again);
}

function receiptFor(entry: Entry | undefined, duplicate: boolean): Receipt {
  if (!entry) throw new Error("the store kept fewer events than it was given");
  return { position: entry.position, id: entry.id, recipients: entry.recipients, duplicate };
}

function* sameContent(a: Omit<Draft, "id">, b: Draft): Generator<void, boolean, void> {
  return (
    a.type === b.type &&
    a.retry === b.retry &&
    a.private === b.private &&
    a.retain === b.retain &&
    a.end === b.end &&
    a.text === b.text &&
    (yield* sameJson(a.json, b.json))
  );
}
