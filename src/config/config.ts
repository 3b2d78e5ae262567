import type { Limits } from "../http/limits/limits.ts";
import type { AuthSettings } from "./authority.ts";
import type { ReachSettings } from "./exposure.ts";
import type { StoreSettings } from "./store.ts";

/** How a hub is to run: flags first, then the environment, then the defaults. */
export interface Config extends AuthSettings, ReachSettings, Limits, StoreSettings {
  readonly port: number;
  /** The path of a module of event types. */
  readonly events?: string;
  readonly strict: boolean;
  /** Milliseconds. */
  readonly keepAlive: number;
  /** Milliseconds. */
  readonly stallTimeout: number;
  /** Milliseconds. */
  readonly drain: number;
  /** Seconds. */
  readonly idleTimeout: number;
  readonly unix?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly http2: boolean;
  readonly http3: boolean;
  readonly trustProxy?: readonly string[];
  readonly corsOrigin?: readonly string[];
  readonly logLevel: "debug" | "info" | "warn" | "error";
}
