import { Type } from "@sinclair/typebox";
import type { ControlEntry, ControlStream } from "../log/redis/control-stream.ts";
import type { Logger } from "../logger.ts";
import type { Carrier, CarrierListener } from "./carrier.ts";
import { checker, PROTOCOL } from "./messages.ts";

/** A node is one of the hub for so long after its last word, in ms. */
const LEASE_MS = 10_000;
/** How often leases are looked at, in ms. */
const LOOK_MS = 1000;

/** All that an entry has. */
const FIELDS: ReadonlySet<string> = new Set(["v", "n", "s", "m"]);
/** Whom each message is for, or null for all, and its text. No text says that the node leaves. */
const checkMessages = checker(
  Type.Array(
    Type.Tuple([Type.Union([Type.String(), Type.Null()]), Type.Union([Type.String(), Type.Null()])]),
  ),
);

/**
 * What an entry tells.
 *
 * @throws Error when another version wrote it, which may mean more than this one knows.
 */
function messagesOf(fields: ControlEntry["fields"]): ReturnType<typeof checkMessages> {
  const version = fields.get("v");
  if (version !== `${PROTOCOL}`) {
    throw new Error(`version ${version} of the messages; this one knows ${PROTOCOL}`);
  }
  const unknown = [...fields.keys()].filter((name) => !FIELDS.has(name));
  if (unknown.length > 0)
    throw new Error(`an entry with ${unknown.join(", ")}, which this version does not know`);
  return checkMessages(JSON.parse(fields.get("m") ?? ""));
}

/** What is known of another node. */
interface Other {
  heardAt: number;
  /** The number of its newest entry. */
  number: number;
}

/**
 * Brings nodes of many machines what they tell each other, through a stream in Redis. An entry has the
 * version of the messages (`v`), the name of its node (`n`), its number at that node (`s`), and the
 * messages (`m`). Where a number is missing, something was missed: the node is then forgotten, and met anew.
 */
export class RedisCarrier implements Carrier {
  readonly node: string;
  readonly #control: ControlStream;
  readonly #logger: Logger;
  readonly #others = new Map<string, Other>();
  /** Those of which the log says that they can't be read. */
  readonly #strangers = new Set<string>();
  #listener: CarrierListener | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(node: string, control: ControlStream, logger: Logger) {
    this.node = node;
    this.#control = control;
    this.#logger = logger;
    control.head = ["v", `${PROTOCOL}`, "n", node];
    control.refused = (error) =>
      logger.error({ error }, "Redis refuses what this node tells the others: they do not know of it");
  }

  follow(listener: CarrierListener): void {
    this.#listener = listener;
    this.#control.listener = (entry) => this.#read(entry);
    this.#timer = setInterval(() => this.#endLeases(), LOOK_MS);
    this.#timer.unref();
    this.#tellNames();
  }

  tell(text: string, to?: string): void {
    this.#control.add(JSON.stringify([to ?? null, text]));
  }

  /** Tells the others that this node leaves: they need not wait for its lease to end. */
  async leave(): Promise<void> {
    clearInterval(this.#timer);
    this.#control.listener = undefined;
    this.#control.add(JSON.stringify([null, null]));
    await this.#control.flush();
  }

  #read({ fields }: ControlEntry): void {
    const from = fields.get("n");
    const number = Number(fields.get("s"));
    if (from === undefined || from === this.node || !Number.isSafeInteger(number)) return;
    const known = this.#others.get(from);
    if (known && number <= known.number) return;
    if (known && number > known.number + 1) this.#forget(from);
    const isNew = !this.#others.has(from);
    this.#others.set(from, { heardAt: performance.now(), number });
    if (isNew) this.#tellNames();
    try {
      for (const [to, text] of messagesOf(fields)) {
        if (text === null) this.#forget(from);
        else if (to === null || to === this.node) this.#listener?.told(from, text);
      }
    } catch (error) {
      // It is asked, and named among the silent: what it says is not guessed.
      if (this.#strangers.has(from)) return;
      this.#strangers.add(from);
      this.#logger.error({ node: from, error }, "what another node tells can't be read: it is passed over");
    }
  }

  #endLeases(): void {
    const latest = performance.now() - LEASE_MS;
    for (const [name, { heardAt }] of this.#others) if (heardAt < latest) this.#forget(name);
  }

  #forget(name: string): void {
    this.#strangers.delete(name);
    if (this.#others.delete(name)) this.#tellNames();
  }

  #tellNames(): void {
    this.#listener?.nodesChanged([this.node, ...this.#others.keys()]);
  }
}
