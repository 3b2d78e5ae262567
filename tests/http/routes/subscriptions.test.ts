import { expect, test } from "bun:test";
import { until } from "../../until.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, sign, startKeyedHub } from "../keyed-hub.ts";
import { Reader } from "../reader.ts";

const ROOMS = { subscribe: ["rooms/*"] };
const KNOWING = { ...ROOMS, presence: ["rooms/*"] };

const as = async (subject: string, claims: Parameters<typeof sign>[0] = ROOMS) =>
  bearer(await sign(claims, { subject }));

async function readers(url: string, query: string, headers: Record<string, string>) {
  const answer = await fetch(`${url}/subscriptions${query}`, { headers });
  return answer.ok ? await answer.json() : answer.status;
}

test("who reads a topic: a count, subjects, or nothing, as the grant says", async () => {
  const { url, broker } = startKeyedHub();
  const alice = await as("alice");
  await Reader.open(`${url}/events?topic=rooms/7`, alice);
  await Reader.open(`${url}/events?topic=rooms/*&type=t`, alice);
  await Reader.open(`${url}/events?topic=rooms/7`, await as("bob"));
  await Reader.open(`${url}/events`);
  await Reader.open(`${url}/events?topic=rooms/8`, await as("carol"));
  await until(() => broker.clientCount === 5);
  const known = { topic: "rooms/7", readers: 4, subjects: ["alice", "bob"], more: 0 };
  expect(await readers(url, "?topic=rooms/7", bearer(ADMIN_KEY))).toEqual(known);
  expect(await readers(url, "?topic=rooms/7", await as("dave", KNOWING))).toEqual(known);
  expect(await readers(url, "?topic=rooms/7", alice)).toEqual({ topic: "rooms/7", readers: 4 });
  expect(await readers(url, "?topic=rooms/*", bearer(ADMIN_KEY))).toMatchObject({
    readers: 5,
    subjects: ["alice", "bob", "carol"],
  });
  expect(await readers(url, "", bearer(ADMIN_KEY))).toMatchObject({ topic: "*", readers: 5 });
  // Not even how many, for who may not read what is private there, whatever else the claim says.
  expect(await readers(url, "?topic=rooms/7", {})).toBe(401);
  expect(await readers(url, "?topic=rooms/7", bearer(PUBLISH_KEY))).toBe(403);
  expect(await readers(url, "?topic=halls/1", await as("dave", { ...ROOMS, presence: ["*"] }))).toBe(403);
  expect(await readers(url, "", await as("dave", KNOWING))).toBe(403);
  expect(await readers(url, "?topic=%00", bearer(ADMIN_KEY))).toBe(400);
  expect(await readers(url, "?topics=rooms/7", bearer(ADMIN_KEY))).toBe(400);
});

test("of many subjects, the first 1,000 are named", async () => {
  const { url, broker } = startKeyedHub();
  const names = Array.from({ length: 4500 }, (_, i) => `user-${(i * 1999) % 4500}`);
  for (const name of names) broker.presence.changedElsewhere(JSON.stringify([name, ["rooms/7"]]), 1);
  for (const query of ["?topic=rooms/7", "?topic=rooms/*"]) {
    const found = await readers(url, query, bearer(ADMIN_KEY));
    expect(found).toMatchObject({ subjects: names.toSorted().slice(0, 1000), more: 3500 });
  }
});

test("a stream that asks for it is told who is there, who comes and who goes", async () => {
  const { url } = startKeyedHub();
  const knowing = await as("dave", KNOWING);
  const events = `${url}/events?topic=rooms/7`;
  const watcher = await Reader.open(`${events}&presence=true&format=envelope`, knowing);
  expect((await watcher.take(2))[1]).toEqual([
    "tidings.present",
    { topic: "rooms/7", subjects: ["dave"], more: 0 },
  ]);
  await Reader.open(`${url}/events?topic=rooms/8`, await as("carol"));
  const alice = await Reader.open(events, await as("alice"));
  const joined = await watcher.next();
  expect([joined?.id, joined?.event, joined && JSON.parse(joined.data)]).toEqual([
    undefined,
    "tidings.joined",
    { topic: "rooms/7", subjects: ["alice"], more: 0 },
  ]);
  alice.leave();
  const others = await Reader.open(`${events}&presence=false`, await as("bob"));
  expect(await watcher.take(1)).toEqual([
    ["tidings.joined", { topic: "rooms/7", subjects: ["bob"], more: 0 }],
  ]);
  expect(others.response.status).toBe(200);
});

test.each([
  ["presence=true", {}, 401],
  ["presence=true", { subscribe: ["rooms/*"] }, 403],
  ["presence=true&topic=halls/1", KNOWING, 403],
  ["presence=true&format=text", KNOWING, 400],
  ["presence=yes", KNOWING, 400],
])("a stream with %s for %j is refused with %d", async (query, claims, status) => {
  const { url } = startKeyedHub();
  const headers = status === 401 ? {} : await as("eve", claims);
  const answer = await fetch(`${url}/events?topic=rooms/7&${query}`, { headers });
  expect(answer.status).toBe(status);
});
