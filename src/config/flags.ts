import { type Command, Option } from "commander";
import { DEFAULT_MAX_TOKEN } from "../auth/authority.ts";
import { DEFAULT_LEEWAY_MS } from "../auth/tokens.ts";
import { DEFAULT_MERCURE_COOKIE } from "../http/hub.ts";
import { DEFAULT_LIMITS } from "../http/limits/limits.ts";
import { DEFAULT_CURRENT_BOUNDS } from "../log/current-values.ts";
import { DEFAULT_ENDED_TOPICS } from "../log/ended-topics.ts";
import { DEFAULT_BOUNDS } from "../log/store.ts";
import { assertConsistent, type Config } from "./config.ts";
import {
  atMost,
  cookieName,
  count,
  duration,
  httpUrl,
  keys,
  mercureUrl,
  names,
  origins,
  port,
  proxies,
  rate,
  seconds,
  size,
  store,
  text,
  webhooks,
  workers,
} from "./values.ts";

/** A flag with the type of its value, so that the compiler holds the table of flags to {@link Config}. */
type Flag<T> = Option & { readonly value?: T };

/** Parses the text after a flag. The parser of a flag that repeats gets the earlier values too. */
type Parser<T> = (text: string, before?: T) => T;

const flag = <T>(flags: string, description: string, parse: Parser<T>): Flag<T> =>
  new Option(flags, description).argParser(parse);

/** A flag with a default. `shown` describes the default in the help. */
const preset = <T>(flags: string, description: string, parse: Parser<T>, value: T, shown?: string): Flag<T> =>
  flag(flags, description, parse).default(value, shown);

/** A flag without a value. */
const toggle = (flags: string, description: string): Flag<boolean> => {
  const option = new Option(flags, description);
  return option.negate ? option : option.default(false);
};

const choice = <const T extends string>(
  flags: string,
  description: string,
  choices: readonly T[],
  value: NoInfer<T>,
): Flag<T> => new Option(flags, description).choices(choices).default(value);

/** The flags that the help shows under one heading. */
function group<T extends Readonly<Record<string, Option>>>(heading: string, flags: T): T {
  for (const option of Object.values(flags)) option.helpGroup(`${heading}:`);
  return flags;
}

/** Every flag of a {@link Config}, in the order of the help. */
const serveFlags: { readonly [K in keyof Config]-?: Flag<Config[K]> } = {
  ...group("Address", {
    port: preset("-p, --port <port>", "port to listen on; 0 takes any free one", port, 3000),
    host: preset("-H, --host <address>", "address to listen on", text, "127.0.0.1"),
    unix: flag("--unix <path>", "Unix socket to listen on instead of a port", text),
    tlsCert: flag("--tls-cert <file>", "certificate and its chain (PEM); followed when it is renewed", text),
    tlsKey: flag("--tls-key <file>", "private key of the certificate (PEM)", text),
    http2: toggle("--no-http2", "turn HTTP/2 over TLS off"),
    http3: toggle("--http3", "offer HTTP/3 over TLS too (experimental)"),
    workers: preset(
      "--workers <count>",
      "processes that share the port (Linux); auto for one a core",
      workers,
      1,
    ),
    idleTimeout: preset("--idle-timeout <duration>", "close an idle connection after", seconds, 75, "75s"),
  }),
  ...group("Events", {
    events: flag("-e, --events <file>", "module that maps event types to TypeBox schemas", text),
    strict: toggle("--strict", "refuse event types outside the catalog"),
    store: preset(
      "-s, --store <place>",
      "keep events in memory, in an SQLite file (*.db), or in Redis (redis://HOST), which nodes share",
      store,
      "memory",
    ),
    replicas: preset(
      "--replicas <count>",
      "answer a publisher when this many replicas of Redis have its events",
      atMost,
      0,
    ),
    sync: choice(
      "--sync <when>",
      "what events survive: a crash (normal), or a power cut too (full)",
      ["normal", "full"],
      "normal",
    ),
    repair: toggle("--repair", "repair a damaged file: keep the events that can be read"),
    historyEvents: preset(
      "--history-events <count>",
      "keep this many events for readers that come back",
      count,
      DEFAULT_BOUNDS.events,
    ),
    historyBytes: preset(
      "--history-bytes <size>",
      "keep this many bytes of events",
      size,
      DEFAULT_BOUNDS.bytes,
      "64MiB",
    ),
    historyAge: preset(
      "--history-age <duration>",
      "keep events this long; 0 for ever",
      duration,
      0,
      "any age",
    ),
    retainValues: preset(
      "--retain-values <count>",
      "keep this many current values",
      count,
      DEFAULT_CURRENT_BOUNDS.values,
    ),
    retainBytes: preset(
      "--retain-bytes <size>",
      "keep this many bytes of current values",
      size,
      DEFAULT_CURRENT_BOUNDS.bytes,
      "64MiB",
    ),
    endedTopics: preset(
      "--ended-topics <count>",
      "remember this many topics that have ended",
      count,
      DEFAULT_ENDED_TOPICS,
    ),
  }),
  ...group("Streams", {
    keepAlive: preset(
      "--keep-alive <duration>",
      "send every stream a comment this often; 0 for never",
      duration,
      15_000,
      "15s",
    ),
    stallTimeout: preset(
      "--stall-timeout <duration>",
      "end a stream that nobody has read for this long; 0 for never",
      duration,
      30_000,
      "30s",
    ),
    drain: preset("--drain <duration>", "end the streams over this time at a stop", duration, 10_000, "10s"),
    drainRetry: preset(
      "--drain-retry <duration>",
      "shortest time after which readers come back after a stop",
      duration,
      0,
    ),
    maxStreamAge: preset(
      "--max-stream-age <duration>",
      "end each stream at an age between half of this and this; 0 for never",
      duration,
      DEFAULT_LIMITS.maxStreamAge,
    ),
  }),
  ...group("Access", {
    publishKey: flag("--publish-key <key>", "key that may publish everything; repeats", keys),
    publishKeyFile: flag("--publish-key-file <file>", "file of such keys, one a line", text),
    adminKey: flag("--admin-key <key>", "key that may do everything; repeats", keys),
    adminKeyFile: flag("--admin-key-file <file>", "file of such keys, one a line", text),
    jwtKey: flag("--jwt-key <key>", "verify tokens with this secret or public key (PEM or JWK)", text),
    jwtKeyFile: flag("--jwt-key-file <file>", "file of that key, or of a JWK set", text),
    jwksUrl: flag("--jwks-url <url>", "URL of the JWK set to verify tokens with", httpUrl),
    issuersFile: flag(
      "--issuers-file <file>",
      "JSON file of several issuers of tokens, each with keys of its own",
      text,
    ),
    jwtIssuer: flag("--jwt-issuer <issuer>", "refuse tokens with another iss", text),
    jwtAudience: flag("--jwt-audience <audience>", "refuse tokens without this aud", text),
    jwtLeeway: preset(
      "--jwt-leeway <duration>",
      "greatest difference to an issuer's clock",
      duration,
      DEFAULT_LEEWAY_MS,
      "5s",
    ),
    webhook: flag(
      "--webhook <name=file>",
      "take signed deliveries at /webhooks/NAME, by the settings in this file (JSON); repeats",
      webhooks,
    ),
    private: toggle("--private", "refuse readers without a token"),
    mercureUrl: flag(
      "--mercure-url <url>",
      "URL of this hub for the Mercure protocol: the base of relative topics, and a token's aud",
      mercureUrl,
    ),
    mercureCookie: preset(
      "--mercure-cookie <name>",
      "name of the cookie with the token of a Mercure client",
      cookieName,
      DEFAULT_MERCURE_COOKIE,
    ),
    mercureCompat: toggle(
      "--mercure-compat",
      "take the tokens of Mercure 0.x: the claim mercure, and authorization in the query",
    ),
    open: toggle("--open", "let other machines in without a key"),
    maxToken: preset("--max-token <size>", "longest key or token", size, DEFAULT_MAX_TOKEN, "8KiB"),
  }),
  ...group("Browsers and proxies", {
    corsOrigin: flag(
      "-c, --cors-origin <origin>",
      "origin whose pages may use the hub (https://*.example.org for subdomains), or *; repeats",
      origins,
    ),
    allowedHost: flag("--allowed-host <name>", "name by which browsers may call the hub; repeats", names),
    trustProxy: flag(
      "--trust-proxy <address>",
      "trust X-Forwarded-For from this address, subnet (10.0.0.0/8) or unix; repeats",
      proxies,
    ),
  }),
  ...group("Limits", {
    maxBody: preset("--max-body <size>", "largest body of a request", size, DEFAULT_LIMITS.maxBody, "16MiB"),
    maxEvent: preset("--max-event <size>", "largest event", size, DEFAULT_LIMITS.maxEvent, "4MiB"),
    bodyTimeout: preset(
      "--body-timeout <duration>",
      "longest time for a body to arrive; 0 for any",
      duration,
      DEFAULT_LIMITS.bodyTimeout,
      "60s",
    ),
    publishRate: preset(
      "--publish-rate <rate>",
      "events a publisher may send, such as 100/s; 0 for any number",
      rate,
      DEFAULT_LIMITS.publishRate,
    ),
    // Without a value of its own: a default is no number that somebody counts on.
    maxClients: flag("--max-clients <count>", "most clients at a time; 0 for any number", atMost).default(
      undefined,
      String(DEFAULT_LIMITS.maxClients),
    ),
    maxClientsPerAddress: preset(
      "--max-clients-per-address <count>",
      "most clients of one address; 0 for any number",
      atMost,
      DEFAULT_LIMITS.maxClientsPerAddress,
    ),
    maxTopics: preset(
      "--max-topics <count>",
      "most topics, and most types, that a client may name",
      count,
      DEFAULT_LIMITS.maxTopics,
    ),
  }),
  ...group("Log", {
    audit: flag("--audit <file>", "append a line of JSON for every event taken, without its data", text),
    logLevel: choice("--log-level <level>", "log this and worse", ["debug", "info", "warn", "error"], "info"),
  }),
};

/** Every flag of `tidings serve`, in the order of the help. */
export const serveOptions: readonly Option[] = Object.values(serveFlags);

/** Gives the command every flag of a {@link Config}. */
export function withServeOptions<C extends Command>(command: C): C {
  for (const option of serveOptions) command.addOption(option);
  return command;
}

/**
 * Reads the configuration from the flags and variables of a command.
 *
 * @throws ConfigError when they contradict each other.
 */
export function readConfig(command: Command): Config {
  // The type of the table ensures that the parser of each flag gives the type of its member.
  const config = command.opts<Config>();
  assertConsistent(config);
  return config;
}
