export { Broker, type BrokerOptions, type ClientHandle, type ClientOptions } from "./broker/broker.ts";
export type { EventInput } from "./broker/draft.ts";
export type { Interest } from "./broker/interest.ts";
export type { Logger } from "./broker/logger.ts";
export type { EventSink } from "./broker/sink.ts";
export * from "./events/builtin.ts";
