/**
 * The library for whoever publishes to a hub or reads from one: typed by the hub's catalog, on plain
 * `fetch`, for Bun, Node, Deno and browsers.
 */
export type { BuiltinEvents } from "../events/builtin.ts";
export type { Gap, Subjects } from "../protocol/hub-events.ts";
export type { ProblemType } from "../protocol/problem.ts";
export type {
  AnyEvents,
  BuiltinOnly,
  Catalog,
  EventData,
  EventName,
  EventOptions,
  OutgoingEvent,
  ReceivedEvent,
} from "./catalog-types.ts";
export type { ConnectionOptions, Fetch, Token } from "./connection.ts";
export { type FailingPath, type Problem, TidingsError } from "./error.ts";
export {
  type CallOptions,
  createPublisher,
  type Published,
  type PublishedBatch,
  type Publisher,
  type PublisherOptions,
} from "./publisher.ts";
export {
  createSubscriber,
  type Handlers,
  type Subscriber,
  type SubscriberOptions,
} from "./subscriber.ts";
export type { Presence, Reconnect, SubscriptionOptions } from "./subscription.ts";
