import { type Command, Option } from "commander";
import { DEFAULT_MAX_TOKEN } from "../auth/authority.ts";
import { DEFAULT_LIMITS } from "../http/limits/limits.ts";
import { DEFAULT_BOUNDS } from "../log/store.ts";
import {
  atMost,
  count,
  duration,
  httpUrl,
  keys,
  names,
  origins,
  port,
  proxies,
  rate,
  seconds,
  size,
  store,
  text,
} from "./values.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"];

const options: readonly Option[] = [
  new Option("--port <port>", "port to listen on; 0 takes any that is free").default(3000).argParser(port),
  new Option("--host <address>", "address to listen on").default("127.0.0.1").argParser(text),
  new Option("--unix <path>", "a Unix socket to listen on instead of a port").argParser(text),
  new Option(
    "--tls-cert <file>",
    "a certificate with its chain, in PEM; it and its key may be renewed",
  ).argParser(text),
  new Option("--tls-key <file>", "its private key, in PEM").argParser(text),
  new Option("--no-http2", "don't offer HTTP/2, which TLS does otherwise"),
  new Option("--http3", "offer HTTP/3 over TLS too, as an experiment").default(false),
  new Option(
    "--events <file>",
    "a module whose default export maps event types to TypeBox schemas",
  ).argParser(text),
  new Option("--strict", "refuse event types that the catalog does not know").default(false),
  new Option("--keep-alive <duration>", "how often every stream is sent a comment; 0 for never")
    .default(15_000, "15s")
    .argParser(duration),
  new Option(
    "--stall-timeout <duration>",
    "how long a client may stop reading before its stream is ended; 0 for ever",
  )
    .default(30_000, "30s")
    .argParser(duration),
  new Option("--drain <duration>", "over how long clients are sent away when the hub stops")
    .default(10_000, "10s")
    .argParser(duration),
  new Option("--store <place>", "where events are kept: memory, or an SQLite file such as tidings.db")
    .default("memory")
    .argParser(store),
  new Option(
    "--sync <when>",
    "what kept events survive: the end of the process (normal), or a power cut (full)",
  )
    .choices(["normal", "full"])
    .default("normal"),
  new Option("--history-events <count>", "how many events are kept for clients that come back")
    .default(DEFAULT_BOUNDS.events)
    .argParser(count),
  new Option("--history-bytes <size>", "how much room those may take")
    .default(DEFAULT_BOUNDS.bytes, "64MiB")
    .argParser(size),
  new Option("--history-age <duration>", "how old those may be; 0 for any age")
    .default(0, "any age")
    .argParser(duration),
  new Option("--publish-key <key>", "a key that may publish everything; repeats").argParser(keys),
  new Option("--publish-key-file <file>", "such keys, one a line"),
  new Option("--admin-key <key>", "a key that may do everything; repeats").argParser(keys),
  new Option("--admin-key-file <file>", "such keys, one a line"),
  new Option(
    "--jwt-key <key>",
    "what tokens are signed with: a secret, or a public key (PEM or JWK)",
  ).argParser(text),
  new Option("--jwt-key-file <file>", "the same, or a JWK set, from a file").argParser(text),
  new Option("--jwks-url <url>", "where the keys that sign tokens are published, as a JWK set").argParser(
    httpUrl,
  ),
  new Option("--jwt-issuer <issuer>", "the iss that every token must have").argParser(text),
  new Option("--jwt-audience <audience>", "what every token must have in its aud").argParser(text),
  new Option("--private", "let only those subscribe who have a token for it").default(false),
  new Option("--open", "listen beyond this machine even without any key").default(false),
  new Option("--allowed-host <name>", "a name by which browsers may call the hub; repeats").argParser(names),
  new Option(
    "--cors-origin <origin>",
    "an origin whose pages may use the hub, or * for all; repeats",
  ).argParser(origins),
  new Option("--max-body <size>", "how large a request's body may be")
    .default(DEFAULT_LIMITS.maxBody, "16MiB")
    .argParser(size),
  new Option("--max-event <size>", "how large one event may be")
    .default(DEFAULT_LIMITS.maxEvent, "4MiB")
    .argParser(size),
  new Option("--max-topics <count>", "how many topics, and types, a client may name")
    .default(DEFAULT_LIMITS.maxTopics)
    .argParser(count),
  new Option("--max-clients <count>", "how many clients there may be; 0 for any number")
    .default(DEFAULT_LIMITS.maxClients)
    .argParser(atMost),
  new Option("--max-clients-per-address <count>", "how many of them from one address; 0 for any number")
    .default(DEFAULT_LIMITS.maxClientsPerAddress)
    .argParser(atMost),
  new Option("--publish-rate <rate>", "events a publisher may send, such as 100/s; 0 for any number")
    .default(DEFAULT_LIMITS.publishRate)
    .argParser(rate),
  new Option("--idle-timeout <duration>", "how long a connection may rest between two requests")
    .default(75, "75s")
    .argParser(seconds),
  new Option("--max-token <size>", "how long a key or token may be")
    .default(DEFAULT_MAX_TOKEN, "8KiB")
    .argParser(size),
  new Option("--body-timeout <duration>", "how long a request's body may take to arrive; 0 for ever")
    .default(DEFAULT_LIMITS.bodyTimeout, "60s")
    .argParser(duration),
  new Option(
    "--trust-proxy <address>",
    "whose X-Forwarded-For counts: an address, a subnet such as 10.0.0.0/8, or unix; repeats",
  ).argParser(proxies),
  new Option("--log-level <level>", "what to log").choices(LOG_LEVELS).default("info"),
];

/** Gives the command every flag of a {@link Config}. */
export function withServeOptions(command: Command): Command {
  for (const option of options) command.addOption(option);
  return command;
}
