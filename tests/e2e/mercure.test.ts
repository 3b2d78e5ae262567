import { expect, test } from "bun:test";
import type { Status } from "../../src/protocol/status.ts";
import { emptyFolder } from "../folder.ts";
import { ADMIN_KEY, bearer } from "../http/keyed-hub.ts";
import { Reader } from "../http/reader.ts";
import { beginLog } from "../log/redis/begin-log.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { open, SECRET } from "../mercure/mercure-hub.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";
import { runBinary, serveBinary } from "./binary.ts";

// The Mercure protocol at a hub of several nodes: whatever is sent to one of them is the same at all of them.

const PATH = "/.well-known/mercure";
const PUBLIC_URL = `https://hub.example${PATH}`;
const ISSUER = "https://app.example";
const TRUST = ["--jwt-issuer", ISSUER, "--jwt-audience", PUBLIC_URL];
const KEYS = ["--jwt-key", SECRET, "--admin-key", ADMIN_KEY, "--mercure-compat", "--mercure-url", PUBLIC_URL];
const BOOK = "https://e.com/books/1";
const NAMESPACE = `${PATH}/subscriptions`;
const TIMEOUT = 60_000;

type Stream = Awaited<ReturnType<typeof open>>;

async function nodesOf(url: string): Promise<NonNullable<Status["nodes"]>> {
  const answer = await fetch(`${url}/status`, { headers: bearer(ADMIN_KEY) });
  return ((await answer.json()) as Status).nodes ?? [];
}

/** Tokens as the executable signs them. */
async function tokens() {
  const signed = async (...args: string[]) => {
    const { output, code } = await runBinary(emptyFolder(), "token", "--jwt-key", SECRET, ...TRUST, ...args);
    expect(code).toBe(0);
    return output.trim();
  };
  const [publisher, reader, watcher] = await Promise.all([
    signed("--mercure", "--publish", "urlpattern:https://e.com/*"),
    signed("--mercure-compat", "--subscribe", "https://e.com/users/1/{+rest}"),
    signed("--mercure", "--subscribe", `urlpattern:${NAMESPACE}/*`, "--subscribe", NAMESPACE),
  ]);
  const explained = await runBinary(emptyFolder(), "token", "--inspect", reader, "--jwt-key", SECRET);
  expect(explained.output).toMatch(
    /^reads +public updates, and private ones on https:\/\/e\.com\/users\/1\//m,
  );
  return { publisher, reader, watcher };
}

const idsOf = ({ events }: Stream) => events.map(({ id }) => id);

/** The nodes are at these addresses, or all at one. */
async function isOneHub(urls: readonly string[]): Promise<void> {
  const { publisher, reader, watcher } = await tokens();
  const at = (i: number) => urls[i % urls.length] ?? "";
  // Each is a connection of its own, so that the system spreads them.
  const headersOf = (token?: string): Record<string, string> => ({
    connection: "close",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  });
  const everywhere = <T>(act: (url: string) => Promise<T>) =>
    Promise.all([0, 1, 2, 3].map((i) => act(at(i))));
  const subscribe = (query: [string, string], token?: string) =>
    everywhere((url) => open(`${url}${PATH}?${new URLSearchParams([query])}`, { headers: headersOf(token) }));
  const publish = async (url: string, fields: [string, string][]) => {
    const body = new URLSearchParams([["topic", BOOK], ...fields]);
    const answer = await fetch(url + PATH, { method: "POST", body, headers: headersOf(publisher) });
    expect(answer.status).toBe(200);
    return answer.text();
  };

  const watchers = await subscribe(["match_urlpattern", `${NAMESPACE}/:type/:match/:subscriber`], watcher);
  const natives = await everywhere((url) => Reader.open(`${url}/events?topic=${BOOK}`, headersOf()));
  const exact = await subscribe(["match", BOOK]);
  const pattern = await subscribe(["match_urlpattern", "https://e.com/books/:id"]);
  const template = await subscribe(["topic", "https://e.com/books/{id}"]);
  const granted = await subscribe(["topic", "https://e.com/{+all}"], reader);
  const anonymous = [...exact, ...pattern, ...template];
  const nodes = await nodesOf(at(0));
  expect(nodes.filter(({ connected_clients }) => connected_clients > 0)).toHaveLength(2);

  // Who subscribes is known at all nodes, by the list and by events.
  const shown = async (url: string) => {
    const answer = await fetch(url + NAMESPACE, { headers: headersOf(watcher) });
    const { subscriptions } = (await answer.json()) as { subscriptions: { match: string }[] };
    return subscriptions.filter(({ match }) => match === BOOK).length;
  };
  await until(async () => (await everywhere(shown)).every((count) => count === exact.length));
  const matchesTold = ({ events }: Stream) => events.filter(({ data = "" }) => data.includes(`"${BOOK}"`));
  await until(() => watchers.every((one) => matchesTold(one).length === exact.length));

  // Updates and native events, from one node and another.
  await publish(at(0), [
    ["id", "urn:x:1"],
    ["data", '{"a": 1}'],
  ]);
  const order = { type: "order", data: { b: 2 }, topic: BOOK };
  const native = await post(`${at(1)}/publish`, order, headersOf(publisher));
  const { id: place } = (await native.json()) as { id: string };
  await publish(at(1), [
    ["topic", "https://e.com/users/1/x"],
    ["private", "on"],
    ["id", "urn:x:2"],
  ]);
  const last = await publish(at(0), [["data", "last"]]);
  const all = ["urn:x:1", `#${place}`, last];
  for (const stream of anonymous) await until(() => stream.events.length === 3);
  for (const stream of granted) await until(() => stream.events.length === 4);
  for (const stream of anonymous) expect(idsOf(stream)).toEqual(all);
  for (const stream of granted) expect(idsOf(stream)).toEqual([...all.slice(0, 2), "urn:x:2", last]);
  expect(exact[0]?.events.map(({ event, data }) => [event, data])).toEqual([
    [undefined, '{"a": 1}'],
    ["order", '{"b":2}'],
    [undefined, "last"],
  ]);
  for (const one of natives) {
    expect(await one.take(4)).toEqual([
      ["connected", expect.anything()],
      ["message", { a: 1 }],
      ["order", { b: 2 }],
      ["message", "last"],
    ]);
  }

  // Whoever comes back may come to any node, and is told where it goes on.
  for (const [known, rest] of [
    ["urn:x:1", all.slice(1)],
    [`#${place}`, all.slice(2)],
    ["earliest", all],
  ] as const) {
    const cursor = encodeURIComponent(known);
    for (const [query, headers] of [
      [`match=${BOOK}&last_event_id=${cursor}`, {}],
      [`topic=${BOOK}&lastEventID=${cursor}`, {}],
      [`match=${BOOK}`, { "last-event-id": known }],
    ] as const) {
      const back = await everywhere((url) =>
        open(`${url}${PATH}?${query}`, { headers: { ...headersOf(), ...headers } }),
      );
      for (const stream of back) {
        expect(stream.response.headers.get("mercure-last-event-id")).toBe(known);
        await until(() => stream.events.length === rest.length);
        expect(idsOf(stream)).toEqual([...rest]);
      }
    }
  }

  const metadata = await everywhere(async (url) =>
    (await fetch(`${url}/.well-known/oauth-protected-resource${PATH}`, { headers: headersOf() })).json(),
  );
  for (const one of metadata)
    expect(one).toMatchObject({ resource: PUBLIC_URL, mercure_subscriptions: true });
}

test.skipIf(process.platform !== "linux")(
  "two workers are one Mercure hub",
  async () => {
    const { url } = await serveBinary(emptyFolder(), "--workers", "2", ...KEYS, ...TRUST);
    await until(async () => (await nodesOf(url)).length === 2);
    await isOneHub([url]);
  },
  TIMEOUT,
);

test.skipIf(redisProgram === undefined)(
  "two nodes of one Redis are one Mercure hub",
  async () => {
    const redis = await startRedis();
    await beginLog(redis.url);
    const serve = () => serveBinary(emptyFolder(), "--store", redis.url, ...KEYS, ...TRUST);
    const urls = (await Promise.all([serve(), serve()])).map(({ url }) => url);
    await until(async () => (await Promise.all(urls.map(nodesOf))).every((known) => known.length === 2));
    await isOneHub(urls);
  },
  TIMEOUT,
);
