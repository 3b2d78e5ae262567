import type { DataOf, EventInput } from "../events/event-input.ts";
import type { EventSchemas } from "../events/schema.ts";
import type { Receipt } from "../log/store.ts";
import type { ClientInfo } from "./options.ts";

/** What may be said of an event besides its type, its data and its topic. */
export type TopicEventOptions = Pick<EventInput, "id" | "retry" | "private" | "retain" | "end">;

/** What a topic needs of its broker. */
interface TopicBroker<Events extends EventSchemas> {
  publish<Type extends string>(event: EventInput<Type, DataOf<Events, Type>>): Promise<Receipt>;
  broadcast<Type extends string>(event: EventInput<Type, DataOf<Events, Type>>): void;
  current<Type extends string>(type: Type, topic?: string): DataOf<Events, Type> | undefined;
  readersAt(topic: string): number;
  clientsOf(pattern: string): Iterable<ClientInfo>;
}

/** A topic of a broker: publishes there, and knows the clients that read it. Made by {@link Broker.topic}. */
export class Topic<Events extends EventSchemas = Record<never, never>> {
  /** Its name. */
  readonly name: string;
  readonly #broker: TopicBroker<Events>;

  /** @internal */
  constructor(name: string, broker: TopicBroker<Events>) {
    this.name = name;
    this.#broker = broker;
  }

  /**
   * Publishes one event on the topic.
   *
   * @throws the same errors as {@link Broker.publish}
   */
  publish<Type extends string>(
    type: Type,
    data: DataOf<Events, Type>,
    options: TopicEventOptions = {},
  ): Promise<Receipt> {
    return this.#broker.publish<Type>({ ...options, type, data, topic: this.name });
  }

  /**
   * Publishes one event on the topic, without waiting.
   *
   * @throws the same errors as {@link Broker.broadcast}
   */
  broadcast<Type extends string>(
    type: Type,
    data: DataOf<Events, Type>,
    options: TopicEventOptions = {},
  ): void {
    this.#broker.broadcast<Type>({ ...options, type, data, topic: this.name });
  }

  /** The data of the topic's current value of this type; undefined if there is none. */
  current<Type extends string>(type: Type): DataOf<Events, Type> | undefined {
    return this.#broker.current(type, this.name);
  }

  /** The number of this broker's clients that read the topic: by its name, by a pattern, or with all others. */
  get clientCount(): number {
    return this.#broker.readersAt(this.name);
  }

  /** Those clients as they are now, the oldest connection first. */
  get clients(): Iterable<ClientInfo> {
    return this.#broker.clientsOf(this.name);
  }
}
