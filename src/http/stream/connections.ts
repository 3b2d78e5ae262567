import type { Grant } from "../../auth/grant.ts";
import type { Broker } from "../../broker/broker.ts";
import type { FormatName } from "../../broker/stream-format.ts";
import type { DataOf } from "../../events/event-input.ts";
import type { EventSchemas } from "../../events/schema.ts";
import { joinFrames } from "../../protocol/frame.ts";
import { isTopicPattern } from "../../topics/topic.ts";

/** A client that connects, or has connected, as the application's own hooks see it: the same object in both. */
export interface Connection<Events extends EventSchemas = Record<never, never>> {
  /** Its id, for `broker.removeClient`. The client is told it in `connected`. */
  readonly id: string;
  /** The request that asks for the stream. */
  readonly request: Request;
  /** The rights of its sender, by the access policy. */
  readonly grant: Grant;
  /** The topics that it asks for; none for every topic. */
  readonly topics: readonly string[];
  /** The last event that it had; undefined if it is new. */
  readonly lastEventId: string | undefined;
  /** Whether its stream is open. */
  readonly isOpen: boolean;
  /**
   * Lets it read topics, private events included, if it asks for them. For `onConnect`.
   *
   * @param topics exact topics, prefixes that end in `*`, or `*`
   * @throws TypeError when one is no topic
   * @throws Error when it has connected
   */
  allow(...topics: readonly string[]): void;
  /**
   * Adds topics to those that it asks for, and lets it read them. A client that asks for no topic then gets these
   * instead of every topic. For `onConnect`.
   *
   * @param topics exact topics, prefixes that end in `*`, or `*`
   * @throws TypeError when one is no topic
   * @throws Error when it has connected
   */
  subscribe(...topics: readonly string[]): void;
  /**
   * Sends an event to this client alone. It has no id and is not in the history, so it is lost if the client loses
   * its stream. In `onConnect` it waits for the stream, and is the first event after `connected`.
   *
   * @returns whether the stream takes it: not if it has ended, or its reader does not keep up
   * @throws InvalidEvent when the event is malformed, or breaks the catalog
   */
  send<Type extends string>(type: Type, data: DataOf<Events, Type>): boolean;
}

/** The application's own part in who connects. */
export interface ConnectionHooks<Events extends EventSchemas = Record<never, never>> {
  /**
   * Called for each client before its stream opens, after the access policy. It can send the first events, and
   * allow more topics. A promise is waited for.
   *
   * @throws Problem to refuse the client with a status, a detail and headers. Any other error is a 500.
   * @defaultValue none
   */
  readonly onConnect?: ((client: Connection<Events>) => void | Promise<void>) | undefined;
  /**
   * Called once for each client that `onConnect` has let in, when its stream has ended, or when there was none after
   * all. An error that it throws is logged.
   *
   * @defaultValue none
   */
  readonly onDisconnect?: ((client: Connection<Events>) => void) | undefined;
}

/** An application's broker and hooks without the types of its catalog, by which the broker checks what they send. */
export function withoutTypes<Events extends EventSchemas>(
  broker: Broker<Events>,
  { onConnect, onDisconnect }: ConnectionHooks<Events>,
): { readonly broker: Broker; readonly hooks: ConnectionHooks } {
  const untyped: unknown = { broker, hooks: { onConnect, onDisconnect } };
  return untyped as { broker: Broker; hooks: ConnectionHooks };
}

/** What a request asks for. */
interface Asked extends Pick<Connection, "grant" | "topics" | "lastEventId"> {
  readonly format: FormatName;
}

/** What is granted, and asked for, when the application has had its say. */
export interface Admitted extends Pick<Connection, "grant" | "topics"> {
  /** Undefined where the application has no hooks. */
  readonly connection: OpeningConnection | undefined;
}

/** Calls the application's hooks. */
export class Connections {
  readonly #broker: Broker;
  readonly #hooks: ConnectionHooks;

  constructor(broker: Broker, hooks: ConnectionHooks) {
    this.#broker = broker;
    this.#hooks = hooks;
  }

  /**
   * Asks the application, and then has the stream opened.
   *
   * @throws the same as `onConnect` and `open`
   */
  async admit(
    request: Request,
    asked: Asked,
    open: (admitted: Admitted) => Promise<Response>,
  ): Promise<Response> {
    const { onConnect, onDisconnect } = this.#hooks;
    // No stream comes of a HEAD.
    if ((!onConnect && !onDisconnect) || request.method === "HEAD") {
      return open({ ...asked, connection: undefined });
    }
    const connection = new OpeningConnection(this.#broker, request, asked, onDisconnect);
    await onConnect?.(connection);
    try {
      const answer = await open({ ...connection.admitted(), connection });
      // The reader may have left before its stream was opened.
      if (answer.status !== 200 || request.signal.aborted) connection.end();
      else request.signal.addEventListener("abort", () => connection.end(), { once: true });
      return answer;
    } catch (error) {
      connection.end();
      throw error;
    }
  }
}

/** A connection whose stream is opened with what the application has said. */
export class OpeningConnection implements Connection {
  readonly id: string = crypto.randomUUID();
  readonly request: Request;
  readonly grant: Grant;
  readonly topics: readonly string[];
  readonly lastEventId: string | undefined;
  readonly #broker: Broker;
  readonly #format: FormatName;
  readonly #ended: ConnectionHooks["onDisconnect"];
  readonly #allowed: string[] = [];
  readonly #added: string[] = [];
  /** What was sent before there was a stream. */
  #first: Uint8Array[] = [];
  #state: "connecting" | "admitted" | "open" | "ended" = "connecting";

  constructor(
    broker: Broker,
    request: Request,
    { grant, topics, lastEventId, format }: Asked,
    ended: ConnectionHooks["onDisconnect"],
  ) {
    this.#broker = broker;
    this.request = request;
    this.grant = grant;
    this.topics = topics;
    this.lastEventId = lastEventId;
    this.#format = format;
    this.#ended = ended;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  allow(...topics: readonly string[]): void {
    if (this.#state !== "connecting")
      throw new Error("topics are allowed while a client connects, not later");
    for (const topic of topics) {
      if (!isTopicPattern(topic)) throw new TypeError(`not a topic: ${JSON.stringify(topic)}`);
    }
    this.#allowed.push(...topics);
  }

  subscribe(...topics: readonly string[]): void {
    this.allow(...topics);
    this.#added.push(...topics);
  }

  send(type: string, data: unknown): boolean {
    const frame = this.#broker.frameForOne({ type, data }, this.#format);
    if (this.#state === "ended") return false;
    if (this.#state !== "open") {
      this.#first.push(frame);
      return true;
    }
    const client = this.#broker.find(this.id);
    return client !== undefined && this.#broker.writeAside(client, frame);
  }

  /** What is granted and asked for. Nothing more is allowed after that. */
  admitted(): Pick<Connection, "grant" | "topics"> {
    this.#state = "admitted";
    const { grant, topics } = this;
    if (this.#allowed.length === 0) return { grant, topics };
    const privateTopics = [...grant.privateTopics, ...this.#allowed];
    const subscribe = [...grant.subscribe, ...this.#allowed];
    return { grant: { ...grant, subscribe, privateTopics }, topics: [...topics, ...this.#added] };
  }

  /** The stream opens: what it begins with. */
  takeFirst(): Uint8Array | undefined {
    const first = this.#first;
    this.#first = [];
    return first.length > 0 ? joinFrames(first) : undefined;
  }

  /** The stream is open. */
  opened(): void {
    if (this.#state === "admitted") this.#state = "open";
  }

  /** There is no stream any more. */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    try {
      this.#ended?.(this);
    } catch (error) {
      this.#broker.logger.error({ client: this.id, error }, "onDisconnect failed");
    }
  }
}
