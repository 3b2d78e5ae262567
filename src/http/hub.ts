import type { Tickets } from "../auth/tickets.ts";
import type { Broker } from "../broker/broker.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { AccessRules } from "./access/access.ts";
import type { Refusals } from "./answer/refusals.ts";
import type { Admission } from "./limits/admission.ts";
import type { Limits } from "./limits/limits.ts";
import type { RateLimit } from "./limits/rate-limit.ts";
import type { Publications } from "./publish/publications.ts";
import type { AddressOf } from "./request/address.ts";
import type { StatusOf } from "./status/hub-status.ts";
import type { Connections } from "./stream/connections.ts";
import type { OpenStream } from "./stream/open-stream.ts";

/** What the routes work on. */
export interface Hub extends AccessRules {
  readonly broker: Broker;
  readonly nodes: Nodes;
  /** How the hub is, all its nodes together. */
  readonly status: StatusOf;
  /** Whether a request comes from a page of the hub itself, or from no page. */
  readonly isOwnPage: (request: Request) => boolean;
  readonly admission: Admission;
  readonly tickets: Tickets;
  readonly refusals: Refusals;
  /** Answers with an event stream. */
  readonly openStream: OpenStream;
  /** Asks the application who may connect. */
  readonly connections: Connections;
  readonly mercure: MercureSettings;
  readonly publications: Publications;
  readonly addressOf: AddressOf;
  readonly backupFolder: string | undefined;
  readonly limits: Limits;
  /** Of events, by publisher. */
  readonly publishRate: RateLimit | undefined;
}

/** The hub as the Mercure protocol sees it. */
export interface MercureSettings {
  /** Its URL, which is also the base of relative topics and patterns. */
  readonly url: string;
  /** Whether clients know it by that URL, so that there is metadata for them. */
  readonly isPublic: boolean;
  /** Whether the dialect before version 1 is taken with its tokens: the claim `mercure`, and in the query. */
  readonly compat: boolean;
  /** The name of the cookie that its clients show their token in. */
  readonly cookie: string;
}

/** The cookie of version 1. Its prefix makes browsers send it over https alone. */
export const DEFAULT_MERCURE_COOKIE = "__Secure-mercure_access_token";
