import type { Static, TSchema } from "@sinclair/typebox";
import { version } from "../version.ts";
import type { Carrier, CarrierListener } from "./carrier.ts";
import { encodeFrame } from "./frames.ts";
import { connectLine, type Line } from "./line.ts";
import {
  checker,
  messageChecker,
  type NodeMessage,
  type OwnerMessage,
  PROTOCOL,
  ToNode,
} from "./messages.ts";

const checkMessage = messageChecker(ToNode);

/** What of the log's owner is for the store. */
export type StoreMessage = Exclude<NodeMessage, { type: "start" | "reply" | "told" | "nodes" }>;

/** A request to the owner, without its id. */
type Request<Message> = Message extends { id: number } ? Omit<Message, "id"> : never;

/** What the owner answers, and the body that came with it. */
export interface Answer<Value> {
  readonly value: Value;
  readonly lengths: readonly number[];
  readonly body: Buffer;
}

/** There is no line to the owner; the message says why. */
export class OwnerLinkError extends Error {
  override readonly name: string = "OwnerLinkError";
}

/** The owner is gone, and nobody knows whether it has done what it was asked. */
export class OwnerGone extends OwnerLinkError {
  override readonly name = "OwnerGone";

  constructor() {
    super("the process that has the log is gone");
  }
}

interface Pending {
  readonly check: (value: unknown) => unknown;
  readonly appended?: (message: ToNode["appended"]) => unknown;
  readonly resolve: (answer: Answer<never>) => void;
  readonly reject: (error: unknown) => void;
}

/** A node's line to the owner of the log, by which it also tells the other nodes. */
export class OwnerLink implements Carrier {
  readonly node: string;
  readonly start: ToNode["start"];
  /** Resolves when the owner is gone. */
  readonly gone: Promise<void>;
  readonly #line: Line;
  readonly #pending = new Map<number, Pending>();
  readonly #waiting: { message: StoreMessage; body: Buffer }[] = [];
  #storeListener: ((message: StoreMessage, body: Buffer) => void) | undefined;
  #listener: CarrierListener | undefined;
  #names: readonly string[] = [];
  #lastId = 0;
  #isGone = false;

  private constructor(line: Line, node: string, start: ToNode["start"], leave: Promise<void>) {
    this.#line = line;
    this.node = node;
    this.start = start;
    this.gone = leave;
  }

  /**
   * @throws OwnerLinkError when the owner can't be reached, or is of a version that this node does not
   * understand; OwnerGone.
   */
  static async connect(path: string, node: string): Promise<OwnerLink> {
    const line = await connectLine(path).catch((error: unknown) => {
      throw linkError(error);
    });
    const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
    return new Promise((resolve, reject) => {
      let link: OwnerLink | undefined;
      line.listener = {
        arrived({ message, body }) {
          const checked = checkMessage(message);
          if (link) link.#arrived(checked, body);
          else if (checked.type === "start") {
            if (checked.protocol !== PROTOCOL) {
              throw new OwnerLinkError(
                `the hub runs ${checked.version}, and this is ${version}: restart the hub`,
              );
            }
            link = new OwnerLink(line, node, checked, gone);
            resolve(link);
          }
        },
        ended(error) {
          if (link) link.#end();
          leave();
          reject(error === undefined ? new OwnerGone() : linkError(error));
        },
      };
      line.send(encodeFrame({ type: "hello", protocol: PROTOCOL, version, node } satisfies OwnerMessage));
    });
  }

  /** Has the listener told what is for the store, what has come already included. */
  followStore(listener: (message: StoreMessage, body: Buffer) => void): void {
    this.#storeListener = listener;
    for (const { message, body } of this.#waiting.splice(0)) listener(message, body);
  }

  /**
   * Asks the owner.
   *
   * @throws OwnerGone; Error with what the owner says.
   */
  ask<Schema extends TSchema>(
    request: Request<OwnerMessage>,
    schema: Checked<Schema>,
    body?: string,
  ): Promise<Answer<Static<Schema>>> {
    return this.#ask(request, schema, body);
  }

  /**
   * Has the owner append drafts, of batches of these sizes.
   *
   * @param appended takes where they are if all of them were kept: see {@link OwnerLink.settle}.
   * @throws the same as {@link OwnerLink.ask}.
   */
  async append<Schema extends TSchema, Appended>(
    sizes: number[],
    drafts: string,
    schema: Checked<Schema>,
    appended: (message: ToNode["appended"]) => Appended,
  ): Promise<Static<Schema> | Appended> {
    const { check } = schema;
    const answer = this.#ask({ type: "append", sizes }, { check, appended }, drafts);
    this.#line.flush();
    return (await answer).value;
  }

  #ask<Value>(
    request: Request<OwnerMessage>,
    taking: { check(value: unknown): Value; appended?(message: ToNode["appended"]): Value },
    body?: string,
  ): Promise<Answer<Value>> {
    if (this.#isGone) return Promise.reject(new OwnerGone());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { ...taking, resolve, reject });
      const frame = encodeFrame({ ...request, id }, body);
      // All that is appended in this turn is in it.
      if (request.type === "append") this.#line.add(frame);
      else this.#line.send(frame);
    });
  }

  /** Answers an append of which all was kept, when the store has come to that. */
  settle(message: ToNode["appended"]): void {
    const pending = this.#take(message.id);
    pending?.resolve({ value: pending.appended?.(message) as never, lengths: [], body: Buffer.alloc(0) });
  }

  follow(listener: CarrierListener): void {
    this.#listener = listener;
    listener.nodesChanged(this.#names);
  }

  tell(text: string, to?: string): void {
    this.#line.send(
      encodeFrame({ type: "tell", ...(to !== undefined && { to }) } satisfies OwnerMessage, text),
    );
  }

  close(): void {
    this.#line.end();
  }

  #arrived(message: NodeMessage, body: Buffer): void {
    switch (message.type) {
      case "reply":
        this.#answer(message, body);
        return;
      case "told":
        this.#listener?.told(message.from, body.toString());
        return;
      case "nodes":
        this.#names = message.names;
        this.#listener?.nodesChanged(this.#names);
        return;
      case "start":
        return;
    }
    if (this.#storeListener) this.#storeListener(message, body);
    else this.#waiting.push({ message, body });
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #answer({ id, value, lengths = [], error }: ToNode["reply"], body: Buffer): void {
    const pending = this.#take(id);
    if (!pending) return;
    if (error !== undefined) pending.reject(new Error(error));
    else pending.resolve({ value: pending.check(value) as never, lengths, body });
  }

  #end(): void {
    this.#isGone = true;
    for (const { reject } of this.#pending.values()) reject(new OwnerGone());
    this.#pending.clear();
  }
}

function linkError(cause: unknown): OwnerLinkError {
  if (cause instanceof OwnerLinkError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OwnerLinkError(`can't follow the process that has the log: ${reason}`, { cause });
}

/** A schema that is compiled. */
export interface Checked<Schema extends TSchema> {
  readonly check: (value: unknown) => Static<Schema>;
}

export function checked<Schema extends TSchema>(schema: Schema): Checked<Schema> {
  return { check: checker(schema) };
}
