import { endOf, type Grant } from "../../auth/grant.ts";
import type { Broker } from "../../broker/broker.ts";
import type { ClientAbout } from "../../broker/client.ts";
import type { ClientOptions } from "../../broker/options.ts";
import { invalidToken } from "../answer/challenge.ts";
import { draining } from "../answer/problem.ts";
import type { Admission } from "../limits/admission.ts";
import type { Limits } from "../limits/limits.ts";
import type { AddressOf, Incoming } from "../request/address.ts";
import { preferredCoding } from "./accept-encoding.ts";
import { compressing, STREAM_CODINGS } from "./compression.ts";
import type { OpeningConnection } from "./connections.ts";
import { directStream } from "./direct-stream.ts";
import { endOfStream, removeAt } from "./expiry.ts";
import { STREAM_HEADERS } from "./stream-headers.ts";
import { Withdrawals } from "./withdrawal.ts";

/** What is asked for, by whom. */
export interface StreamWish
  extends Pick<ClientOptions, "interest" | "lastEventId" | "keepAlive" | "format" | "presence"> {
  readonly grant: Grant;
  /** Called with the id of the client when the stream is open. */
  readonly opened?: (clientId: string) => void;
  /** The connection for which it is, where the application has hooks. */
  readonly connection?: OpeningConnection | undefined;
  /** More headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers a request with an event stream, or with 204 when the topics have ended, and the reader has all of them:
 * an EventSource then stays away.
 *
 * @throws Problem 401, 429 or 503; StoreFailure.
 */
export type OpenStream = (incoming: Incoming, wish: StreamWish) => Promise<Response>;

interface StreamParts {
  readonly admission: Admission;
  readonly addressOf: AddressOf;
  readonly limits: Limits;
}

/** What opens a hub's streams, and counts them. */
export function streamOpener(broker: Broker, { admission, addressOf, limits }: StreamParts): OpenStream {
  // One for all clients: a promise and a closure for each would take memory for as long as it stays.
  const withdrawals = new Withdrawals(broker);
  const removed = ({ address }: ClientAbout) => admission.leave(address);

  return async ({ request, server }, { grant, headers: more, opened, connection, ...wish }) => {
    const { interest, lastEventId } = wish;
    if (interest && lastEventId !== undefined && (await broker.hasAll(interest, lastEventId))) {
      return new Response(null, { status: 204, headers: { ...more, "cache-control": "no-store" } });
    }
    if (broker.draining) throw draining();
    // A stream is opened when its head has gone out, which is too late for a refusal.
    broker.log.assertStarted();
    const address = addressOf({ request, server });
    admission.assert(address);
    const plainHeaders = { ...STREAM_HEADERS, ...more };
    // No stream comes of it, and its connection is to rest no longer than others. A body of unknown
    // length, which is never asked for, keeps the runtime from saying that the length is 0. Elysia does
    // ask for it where the path ends in a slash.
    if (request.method === "HEAD") {
      const body = directStream(request, (sink) => sink.close());
      return new Response(body, { headers: plainHeaders });
    }
    // The runtime would end a stream that has been quiet for some seconds.
    server?.timeout(request, 0);
    const { credential } = grant;
    const about = { address, subject: grant.subject, credential };
    const coding = preferredCoding(request.headers.get("accept-encoding"), STREAM_CODINGS);
    const stream = directStream(request, (plain) => {
      // Others may have taken it meanwhile.
      admission.assert(address);
      const sink = coding ? compressing(coding, plain) : plain;
      // The key may have been withdrawn since it was looked at.
      const over = endOf(grant);
      if (over !== undefined) throw invalidToken(over);
      const ended = (about: ClientAbout) => {
        removed(about);
        connection?.end();
      };
      const client = broker.addClient(sink, {
        ...wish,
        about,
        removed: connection ? ended : removed,
        id: connection?.id,
        first: connection?.takeFirst(),
      });
      admission.enter(address);
      connection?.opened();
      opened?.(client.id);
      if (credential) withdrawals.watch(credential.withdrawn);
      const end = endOfStream(grant.expires, limits.maxStreamAge);
      if (end !== undefined) removeAt(end, broker, client);
    });
    const headers = coding ? { ...plainHeaders, "content-encoding": coding } : plainHeaders;
    return new Response(stream, { headers });
  };
}
