import type { AuthSettings } from "../auth/settings.ts";
import type { Limits } from "../http/limits.ts";
import type { StoreSettings } from "../log/settings.ts";
import type { ReachSettings } from "./reach.ts";

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
