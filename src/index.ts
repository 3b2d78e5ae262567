import type { tidings } from "./plugin.ts";

export { Authority, type AuthorityKeys, type AuthorityOptions } from "./auth/authority.ts";
export type { Credential, Grant, MercureHolder, PublishGrant } from "./auth/grant.ts";
export type { MercureRules } from "./auth/mercure-claims.ts";
export { readVerifyingKey } from "./auth/read-key.ts";
export { type RemoteKeys, type RemoteKeysTimes, remoteKeys } from "./auth/remote-keys.ts";
export type { TokenKey, TokenRight } from "./auth/token-keys.ts";
export { InvalidToken, KeysUnavailable, type TokenRules } from "./auth/tokens.ts";
export { KeyError, type VerifyingKey } from "./auth/verifying-key.ts";
export { Broker } from "./broker/broker.ts";
export type { ClientAbout, ClientState } from "./broker/client.ts";
export { InvalidEvent } from "./broker/draft.ts";
export type { Interest } from "./broker/interest.ts";
export type { BrokerOptions, ClientHandle, ClientInfo, ClientOptions } from "./broker/options.ts";
export type { DisconnectListener, ElysiaStream, EventSink } from "./broker/sink.ts";
export type { FormatName, KeepAliveForm } from "./broker/stream-format.ts";
export { Topic, type TopicEventOptions } from "./broker/topic.ts";
export type { RemovalReason, Totals } from "./broker/totals.ts";
export type { BuiltinEvents } from "./events/builtin.ts";
export { Catalog } from "./events/catalog.ts";
export type { DataOf, EventBatch, EventInput, EventInputs } from "./events/event-input.ts";
export { CatalogError, type EventSchemas } from "./events/schema.ts";
export type { Violation } from "./events/violation.ts";
export { type Access, keyAccess } from "./http/access/access.ts";
export { Problem, type ProblemExtras } from "./http/answer/problem.ts";
export { DEFAULT_LIMITS, type Limits } from "./http/limits/limits.ts";
export type { Publication } from "./http/publish/publications.ts";
export type { Incoming } from "./http/request/address.ts";
export { handleSSE, type StreamOptions } from "./http/routes/events.ts";
export type { Connection, ConnectionHooks } from "./http/stream/connections.ts";
export { type Clock, systemClock } from "./log/clock.ts";
export type {
  CurrentBounds,
  CurrentReader,
  CurrentStretch,
  CurrentValue,
} from "./log/current-values.ts";
export type { EndedReader, TopicEnd } from "./log/ended-topics.ts";
export { createEntry, type Draft, type Entry, type EntryData } from "./log/entry.ts";
export type { Life } from "./log/lives.ts";
export { MemoryStore } from "./log/memory-store.ts";
export { RedisAddressError } from "./log/redis/address.ts";
export { RedisStore, type RedisStoreOptions } from "./log/redis/redis-store.ts";
export { StoreFileError, type Sync } from "./log/sqlite/sqlite-file.ts";
export { type SqliteOptions, SqliteStore } from "./log/sqlite/sqlite-store.ts";
export {
  type Awaitable,
  type Batch,
  type Bounds,
  type EngineStatus,
  type Follower,
  IdConflict,
  type LogStart,
  type MayRead,
  OutcomeUnknown,
  type Receipt,
  type Refusal,
  type Store,
  StoreFailure,
  type Stretch,
  TopicEnded,
} from "./log/store.ts";
export type { Logger } from "./logger.ts";
export { type HubOptions, type TidingsOptions, tidings } from "./plugin.ts";
export { newWord, type Place, parsePlace, placeText } from "./protocol/place.ts";
export type { ProblemType } from "./protocol/problem.ts";

/** The hub's routes, for clients that are typed by them: `treaty<App>(url)` of `@elysiajs/eden`. */
export type App = ReturnType<typeof tidings<"">>;
