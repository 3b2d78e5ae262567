import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { HttpAddress, Server } from "./server.ts";

const Peer = Type.Object(
  {
    name: Type.String(),
    subscribe: Type.String({ description: "URL of the event stream" }),
    publish: Type.String({ description: "URL that events are posted to" }),
    contentType: Type.String({ default: "application/json" }),
    headers: Type.Record(Type.String(), Type.String(), { default: {} }),
    body: Type.String({ default: "{data}" }),
    pids: Type.Array(Type.Integer(), { default: [] }),
  },
  { additionalProperties: false },
);

/** A hub that runs already, described by a JSON file. @throws Error when that is not right. */
export async function readPeer(path: string): Promise<Server> {
  const given: unknown = Value.Default(Peer, await Bun.file(path).json());
  const wrong = Value.Errors(Peer, given).First();
  if (wrong || !Value.Check(Peer, given)) throw new Error(`${path}: ${wrong?.path} ${wrong?.message}`);
  const address = addressOf(given);
  return {
    name: given.name,
    features: namesTopics(given) ? ["topics"] : [],
    start: () => Promise.resolve({ address, pids: given.pids, stop: () => Promise.resolve() }),
  };
}

function namesTopics({ subscribe, publish, body }: Static<typeof Peer>): boolean {
  return subscribe.includes("{topic}") && (publish.includes("{topic}") || body.includes("{topic}"));
}

function addressOf({ subscribe, publish, contentType, headers, body }: Static<typeof Peer>): HttpAddress {
  const from = new URL(subscribe);
  const to = new URL(publish);
  if (from.host !== to.host || from.protocol !== "http:" || to.protocol !== "http:") {
    throw new Error("subscribe and publish are http: URLs of the same host");
  }
  return {
    protocol: "http",
    hostname: from.hostname,
    port: Number(from.port || 80),
    subscribe: pathOf(from),
    publish: pathOf(to),
    contentType,
    headers,
    body,
  };
}

/** Path and query, in which a URL escapes the brackets of `{topic}`. */
function pathOf({ pathname, search }: URL): string {
  return (pathname + search).replace("%7Btopic%7D", "{topic}");
}
