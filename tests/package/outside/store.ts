// A store of one's own: lines of JSON in a file, to which it only ever appends.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import {
  type Batch,
  Broker,
  createEntry,
  type Draft,
  type Entry,
  type EntryData,
  type EventSink,
  type Follower,
  IdConflict,
  type Life,
  type LogStart,
  type MayRead,
  newWord,
  parsePlace,
  placeText,
  type Receipt,
  type Store,
  type Stretch,
} from "tidings";

class LineStore implements Store {
  readonly name = "lines";
  readonly bounds = { events: Infinity, bytes: Infinity, age: Infinity };
  bytes = 0;
  readonly #path: string;
  readonly #entries: Entry[] = [];
  readonly #lives: Life[] = [];
  readonly #word = newWord();
  #follower: Follower | undefined;

  constructor(path: string) {
    this.#path = path;
    for (const line of existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : []) {
      const entry: EntryData = JSON.parse(line);
      if (this.#lives.at(-1)?.word !== entry.word) {
        this.#lives.push({ word: entry.word, first: entry.position });
      }
      this.#entries.push(createEntry(entry));
      this.bytes += line.length;
    }
    this.#lives.push({ word: this.#word, first: this.count + 1 });
  }

  get count(): number {
    return this.#entries.length;
  }

  get earliest(): number | undefined {
    return this.count > 0 ? 1 : undefined;
  }

  follow(follower: Follower): LogStart {
    this.#follower = follower;
    return { head: this.count, lives: this.#lives };
  }

  append(batches: readonly Batch[]): (readonly Receipt[] | IdConflict)[] {
    const before = this.count;
    const answers = batches.map((batch) => this.#add(batch));
    const kept = this.#entries.slice(before);
    const lines = kept.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    appendFileSync(this.#path, lines);
    this.bytes += lines.length;
    if (kept.length > 0) this.#follower?.kept(kept);
    return answers;
  }

  trim(): void {}

  locate(cursor: string, mayRead: MayRead): number | undefined {
    const place = parsePlace(cursor);
    if (!place) return this.#entries.find((entry) => entry.id === cursor && mayRead(entry))?.position;
    const life = this.#lives.find(({ word }) => word === place.word);
    if (!life) return undefined;
    return place.position === 0 ? life.first - 1 : Math.min(place.position, this.count);
  }

  read(after: number, limit: number): Stretch {
    const entries = this.#entries.slice(after, after + limit);
    return { entries, upTo: entries.at(-1)?.position ?? after };
  }

  close(): void {}

  #add({ drafts, recipients }: Batch): readonly Receipt[] | IdConflict {
    const before = this.count;
    const receipts: Receipt[] = [];
    for (const [i, draft] of drafts.entries()) {
      const known = this.#entries.find(
        (entry) => entry.id === draft.id && topicsOf(entry) === topicsOf(draft),
      );
      if (known && known.json !== draft.json) {
        this.#entries.length = before;
        return new IdConflict(known.id);
      }
      const entry = known ?? this.#keep(draft, recipients[i] ?? 0);
      receipts.push({
        position: entry.position,
        id: entry.id,
        recipients: entry.recipients,
        duplicate: !!known,
      });
    }
    return receipts;
  }

  #keep(draft: Draft, recipients: number): Entry {
    const place = { word: this.#word, position: this.count + 1 };
    const id = draft.id ?? placeText(place);
    const entry = createEntry({ ...draft, ...place, id, keptAt: Date.now(), recipients, erased: false });
    this.#entries.push(entry);
    return entry;
  }
}

const topicsOf = ({ topics }: Pick<Draft, "topics">) => [...new Set(topics)].sort().join("\n");

/** What a client that had this last is sent. */
async function missed(broker: Broker, lastEventId: string): Promise<string> {
  let text = "";
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink: EventSink = {
    enqueue(chunk) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("event: tidings.resumed")) resolve();
    },
    close() {},
  };
  broker.addClient(sink, { lastEventId });
  await promise;
  return [...text.matchAll(/^data: (\d+)$/gm)].map(([, data]) => data).join();
}

let broker = new Broker({ store: new LineStore("events.jsonl") });
await broker.publish({ type: "n", data: 1 });
const second = await broker.publish({ type: "n", data: 2 });
await broker.publish({ type: "n", data: 3, id: "three", topics: ["a", "b"] });
const again = await broker.publish({ type: "n", data: 3, id: "three", topics: ["b", "a"] });
const other = broker.publish({ type: "n", data: 4, id: "three", topics: ["a", "b"] });
console.log(again.duplicate, await other.catch((error: unknown) => error instanceof IdConflict));
await broker.close();

broker = new Broker({ store: new LineStore("events.jsonl") });
await broker.publish({ type: "n", data: 5 });
console.log(await missed(broker, second.id), await missed(broker, "three"), await missed(broker, "earliest"));
await broker.close();
