export type { Grant, PublishGrant } from "./auth/grant.ts";
export { Broker, type BrokerOptions, type ClientHandle, type ClientOptions } from "./broker/broker.ts";
export type { EventInput } from "./broker/draft.ts";
export type { Interest } from "./broker/interest.ts";
export type { Logger } from "./broker/logger.ts";
export type { EventSink } from "./broker/sink.ts";
export * from "./events/builtin.ts";
export type { Access } from "./http/access.ts";
