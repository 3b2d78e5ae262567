import { expect, test } from "bun:test";
import { startHub } from "../../hub.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, sign, startKeyedHub } from "../keyed-hub.ts";
import { Reader } from "../reader.ts";

interface Listed {
  readonly clients: readonly Record<string, unknown>[];
  readonly total: number;
}

const admin = { headers: bearer(ADMIN_KEY) };
const list = async (url: string, query = "") =>
  (await (await fetch(`${url}/clients${query}`, admin)).json()) as Listed;

async function openAs(url: string, subject: string, query = ""): Promise<Reader> {
  const reader = await Reader.open(
    `${url}/events${query}`,
    bearer(await sign({ subscribe: ["*"] }, { subject })),
  );
  await reader.take(1);
  return reader;
}

test.each([
  ["GET", "/clients"],
  ["DELETE", "/clients?subject=x"],
  ["DELETE", "/clients/x"],
  ["GET", "/metrics"],
  ["GET", "/publishers"],
])("%s %s is the administrator's", async (method, path) => {
  const { url } = startKeyedHub();
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${url}${path}`, { method, headers })).status;
  expect(await status({})).toBe(401);
  expect(await status(bearer("bad"))).toBe(401);
  expect(await status(bearer(PUBLISH_KEY))).toBe(403);
  expect(await status(bearer(await sign({ publish: { topics: ["*"] }, subscribe: ["*"] })))).toBe(403);
  expect([200, 404]).toContain(await status(bearer(ADMIN_KEY)));
});

test("a hub without keys asks nobody", async () => {
  const { url } = startHub();
  expect((await fetch(`${url}/clients`)).status).toBe(200);
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
});

test("who is connected can be seen", async () => {
  const { url } = startKeyedHub();
  const before = Date.now();
  await openAs(url, "alice", "?topic=a&topic=b/*&type=t");
  await Reader.open(`${url}/events`);
  const { clients, total } = await list(url);
  expect(total).toBe(2);
  expect(clients).toMatchObject([
    { address: "127.0.0.1", subject: "alice", topics: ["a", "b/*"], types: ["t"], lag: 0 },
    { address: "127.0.0.1", subject: null, topics: [], types: [], lag: 0 },
  ]);
  for (const { id, connected_at } of clients) {
    expect(id).toBeString();
    expect(Date.parse(String(connected_at))).toBeGreaterThanOrEqual(before - 1);
  }
  expect((await list(url, "?subject=alice")).total).toBe(1);
  expect((await list(url, "?address=10.0.0.1")).total).toBe(0);
});

test("one is removed by its id", async () => {
  const { url, broker } = startKeyedHub();
  const alice = await openAs(url, "alice");
  await openAs(url, "bob");
  const [first] = (await list(url)).clients;
  const remove = () => fetch(`${url}/clients/${first?.["id"]}`, { method: "DELETE", ...admin });
  expect((await remove()).status).toBe(204);
  expect(await alice.next()).toBeUndefined();
  expect(broker.clientCount).toBe(1);
  expect((await remove()).status).toBe(404);
});

test("many are removed by their token's subject, their address, or both", async () => {
  const { url } = startKeyedHub();
  const remove = async (query: string) => {
    const response = await fetch(`${url}/clients${query}`, { method: "DELETE", ...admin });
    return response.status === 200 ? await response.json() : response.status;
  };
  const first = await openAs(url, "alice");
  const second = await openAs(url, "alice");
  await openAs(url, "bob");
  expect(await remove("?subject=alice&address=10.0.0.1")).toEqual({ removed: 0 });
  expect(await remove("?subject=alice")).toEqual({ removed: 2 });
  expect(await first.next()).toBeUndefined();
  expect(await second.next()).toBeUndefined();
  expect((await list(url)).clients).toMatchObject([{ subject: "bob" }]);
  expect(await remove("")).toBe(400);
  expect(await remove("?address=127.0.0.1")).toEqual({ removed: 1 });
});
