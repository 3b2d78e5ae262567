import { describe, expect, test } from "bun:test";
import { until } from "../../until.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, post, sign, startKeyedHub } from "../keyed-hub.ts";
import { Reader } from "../reader.ts";

const publishAll = (url: string, events: unknown[]) => post(`${url}/publish/batch`, events, PUBLISH_KEY);
const statusOf = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers });
  await response.body?.cancel();
  return response.status;
};

describe("private events", () => {
  const events = [
    { type: "e", data: "public", topics: ["users/1"] },
    { type: "e", data: "for 1", topics: ["users/1"], private: true },
    { type: "e", data: "for 2", topics: ["users/2"], private: true },
    { type: "e", data: "for both", topics: ["users/1", "users/2"], private: true },
    { type: "e", data: "to all" },
  ];
  const seen = async (reader: Reader, count: number) => (await reader.take(count)).map(([, data]) => data);

  test("go live only to those whose token grants one of their topics", async () => {
    const { url } = startKeyedHub();
    const nobody = await Reader.open(`${url}/events`);
    const one = await Reader.open(`${url}/events`, bearer(await sign({ subscribe: ["users/1"] })));
    const all = await Reader.open(`${url}/events`, bearer(await sign({ subscribe: ["users/*"] })));
    const admin = await Reader.open(`${url}/events`, bearer(ADMIN_KEY));
    const publisher = await Reader.open(`${url}/events`, bearer(PUBLISH_KEY));
    for (const reader of [nobody, one, all, admin, publisher]) await reader.take(1);
    await publishAll(url, events);
    expect(await seen(nobody, 2)).toEqual(["public", "to all"]);
    expect(await seen(publisher, 2)).toEqual(["public", "to all"]);
    expect(await seen(one, 4)).toEqual(["public", "for 1", "for both", "to all"]);
    expect(await seen(all, 5)).toEqual(["public", "for 1", "for 2", "for both", "to all"]);
    expect(await seen(admin, 5)).toEqual(["public", "for 1", "for 2", "for both", "to all"]);
  });

  test("are replayed only to those", async () => {
    const { url } = startKeyedHub();
    await publishAll(url, events);
    const from = "?last_event_id=earliest";
    const nobody = await Reader.open(`${url}/events${from}`);
    const one = await Reader.open(`${url}/events${from}`, bearer(await sign({ subscribe: ["users/1"] })));
    const resumed = { from: "earliest", count: 2 };
    expect((await seen(nobody, 4)).slice(1)).toEqual(["public", "to all", resumed]);
    expect((await seen(one, 6)).slice(1)).toEqual([
      "public",
      "for 1",
      "for both",
      "to all",
      { ...resumed, count: 4 },
    ]);
  });

  test("are in the history of those alone", async () => {
    const { url } = startKeyedHub();
    await publishAll(url, events);
    const read = async (headers: Record<string, string> = {}, query = "") => {
      const response = await fetch(`${url}/history${query}`, { headers });
      expect(response.headers.get("cache-control")).toBe("no-store");
      return ((await response.json()) as { events: { data: unknown }[] }).events.map(({ data }) => data);
    };
    const token = bearer(await sign({ subscribe: ["users/1"] }));
    expect(await read()).toEqual(["public", "to all"]);
    expect(await read(bearer(PUBLISH_KEY))).toEqual(["public", "to all"]);
    expect(await read(token)).toEqual(["public", "for 1", "for both", "to all"]);
    expect(await read(token, "?topic=users/2")).toEqual(["for both", "to all"]);
    expect(await read(bearer(ADMIN_KEY), "?topic=users/2")).toEqual(["for 2", "for both", "to all"]);
  });

  test("are not for those who ask for another topic, whatever they are granted", async () => {
    const { url } = startKeyedHub();
    const reader = await Reader.open(
      `${url}/events?topic=users/2`,
      bearer(await sign({ subscribe: ["users/*"] })),
    );
    await reader.take(1);
    await publishAll(url, events);
    expect(await seen(reader, 3)).toEqual(["for 2", "for both", "to all"]);
  });

  test("count nobody who may not read them as a recipient", async () => {
    const { url } = startKeyedHub();
    const reader = await Reader.open(`${url}/events`);
    await reader.take(1);
    const answer = await post(`${url}/publish`, events[1], PUBLISH_KEY);
    expect(await answer.json()).toHaveProperty("recipients", 0);
  });
});

test("a bad token is refused even where none is needed", async () => {
  const { url } = startKeyedHub();
  expect(await statusOf(`${url}/events`, bearer("nonsense"))).toBe(401);
  const expired = await sign({ subscribe: ["*"] }, { expires: new Date(Date.now() - 1000) });
  expect(await statusOf(`${url}/events`, bearer(expired))).toBe(401);
});

describe("a private hub", () => {
  test("takes no subscriber without a token", async () => {
    const { url } = startKeyedHub({ private: true });
    const response = await fetch(`${url}/events`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="tidings"');
  });

  test("gives each the topics of its token, and 403 for others", async () => {
    const { url } = startKeyedHub({ private: true });
    const headers = bearer(await sign({ subscribe: ["orders/*", "news"] }));
    for (const query of ["topic=orders/*", "topic=orders/1&topic=news", "topic=orders/eu*"]) {
      expect(await statusOf(`${url}/events?${query}`, headers)).toBe(200);
    }
    for (const query of ["", "topic=*", "topic=o*", "topic=orders/1&topic=invoices", "topic=orders"]) {
      expect(await statusOf(`${url}/events?${query}`, headers)).toBe(403);
    }
  });

  test("gives no history without a token, and none of other topics", async () => {
    const { url } = startKeyedHub({ private: true });
    await publishAll(url, [{ type: "e", data: 1, topics: ["a"] }]);
    const headers = bearer(await sign({ subscribe: ["a"] }));
    expect(await statusOf(`${url}/history`)).toBe(401);
    expect(await statusOf(`${url}/history`, headers)).toBe(403);
    expect(await statusOf(`${url}/history?topic=b`, headers)).toBe(403);
    expect(await statusOf(`${url}/history?topic=a`, headers)).toBe(200);
  });

  test("tells nobody whether there is an event that it may not read", async () => {
    const { url } = startKeyedHub({ private: true });
    await publishAll(url, [
      { type: "e", data: 1, topics: ["orders/1"], id: "mine" },
      { type: "e", data: 1, topics: ["billing"], id: "invoice-7" },
      { type: "e", data: 1, topics: ["billing"], id: "invoice-8", private: true },
    ]);
    const headers = bearer(await sign({ subscribe: ["orders/*"] }));
    const resume = async (id: string) => {
      const reader = await Reader.open(`${url}/events?topic=orders/1`, { ...headers, "last-event-id": id });
      const [, [type, data] = []] = await reader.take(2);
      return [
        type,
        JSON.stringify(data).replace(id, "ID"),
        reader.response.headers.get("last-event-id") === id,
      ];
    };
    const unknown = await resume("unheard-of");
    expect(unknown[0]).toBe("tidings.gap");
    for (const id of ["invoice-7", "invoice-8"])
      expect([id, ...(await resume(id))]).toEqual([id, ...unknown]);
    expect((await resume("mine"))[0]).toBe("tidings.resumed");
  });

  test("lets the administrator read everything, a publisher nothing", async () => {
    const { url } = startKeyedHub({ private: true });
    expect(await statusOf(`${url}/events`, bearer(ADMIN_KEY))).toBe(200);
    expect(await statusOf(`${url}/events?topic=a`, bearer(PUBLISH_KEY))).toBe(403);
  });
});

test("a token in the address is refused, with the reason", async () => {
  const { url } = startKeyedHub();
  const response = await fetch(`${url}/events?access_token=${PUBLISH_KEY}`);
  expect(response.status).toBe(400);
  expect(response.headers.get("www-authenticate")).toContain('error="invalid_request"');
  expect(await response.json()).toHaveProperty("detail", expect.stringContaining("POST /tickets"));
});

/**
 * A token that ends soon: `exp` counts whole seconds, so between one and two seconds from now. And what is
 * opened with it in time: on a busy machine it may have ended before.
 */
function openedInTime<T>(open: (token: string) => Promise<T>): Promise<{ token: string; opened: T }> {
  return until(async () => {
    const token = await sign({ subscribe: ["*"] }, { expires: new Date(Date.now() + 2000) });
    return open(token).then(
      (opened) => ({ token, opened }),
      () => undefined,
    );
  });
}

describe("a stream's end", () => {
  test("comes with that of its token, and the token is no good to come back with", async () => {
    const { url, broker } = startKeyedHub();
    const other = await Reader.open(`${url}/events`, bearer(await sign({ subscribe: ["*"] })));
    await other.take(1);
    const { token, opened: reader } = await openedInTime((token) =>
      Reader.open(`${url}/events`, bearer(token)),
    );
    await reader.take(1);
    expect(await reader.next()).toBeUndefined();
    expect(broker.clientCount).toBe(1);
    expect(await statusOf(`${url}/events`, bearer(token))).toBe(401);
  });

  test("is far away when its token's is", async () => {
    const { url, broker } = startKeyedHub();
    const token = await sign({ subscribe: ["*"] }, { expires: "100y" });
    const reader = await Reader.open(`${url}/events`, bearer(token));
    await reader.take(1);
    // A timer that can't hold the time would go off at once.
    await Bun.sleep(5);
    expect(broker.clientCount).toBe(1);
  });
});

describe("tickets", () => {
  const open = (url: string, ticket: string) => Reader.open(`${url}/events?ticket=${ticket}`);
  const getTicket = async (url: string, token: string) => {
    const response = await post(`${url}/tickets`, null, token);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    return (await response.json()) as { ticket: string; expires_in: number };
  };

  test("open one stream with what their token grants", async () => {
    const { url } = startKeyedHub({ private: true });
    const token = await sign({ subscribe: ["users/1"] });
    const { ticket, expires_in } = await getTicket(url, token);
    expect(expires_in).toBeLessThanOrEqual(10);
    const reader = await Reader.open(`${url}/events?topic=users/1&ticket=${ticket}`);
    await reader.take(1);
    await publishAll(url, [{ type: "e", data: 1, topics: ["users/1"], private: true }]);
    expect(await reader.take(1)).toEqual([["e", 1]]);
  });

  test("are so many for each, and there are others' for the others", async () => {
    const { url } = startKeyedHub();
    const [greedy, namesake, other] = [
      await sign({ subscribe: ["*"] }, { subject: "admin" }),
      await sign({ subscribe: ["*"] }, { subject: "admin", expires: "2h" }),
      await sign({ subscribe: ["*"] }, { subject: "other" }),
    ];
    const ask = (token: string) => post(`${url}/tickets`, null, token);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(greedy)));
    expect(answers.every(({ status }) => status === 200)).toBeTrue();
    for (const token of [greedy, namesake]) {
      const refused = await ask(token);
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
    }
    for (const token of [other, ADMIN_KEY]) await getTicket(url, token);
    // One that is used makes room.
    const [{ ticket }] = [(await answers[0]?.json()) as { ticket: string }];
    await open(url, ticket);
    expect((await ask(greedy)).status).toBe(200);
  });

  test("are good only once", async () => {
    const { url } = startKeyedHub();
    const { ticket } = await getTicket(url, ADMIN_KEY);
    await open(url, ticket);
    await expect(open(url, ticket)).rejects.toThrow("401");
  });

  test("are good once even when the stream is refused", async () => {
    const { url } = startKeyedHub({ private: true });
    const { ticket } = await getTicket(url, await sign({ subscribe: ["a"] }));
    expect(await statusOf(`${url}/events?topic=b&ticket=${ticket}`)).toBe(403);
    expect(await statusOf(`${url}/events?topic=a&ticket=${ticket}`)).toBe(401);
  });

  test("are given for a token, and are none themselves", async () => {
    const { url } = startKeyedHub();
    expect((await post(`${url}/tickets`, null)).status).toBe(401);
    const { ticket } = await getTicket(url, ADMIN_KEY);
    expect((await post(`${url}/publish`, { type: "a", data: 1 }, ticket)).status).toBe(401);
    expect((await post(`${url}/publish?ticket=${ticket}`, { type: "a", data: 1 })).status).toBe(400);
    expect(await statusOf(`${url}/events?ticket=`)).toBe(401);
    expect(await statusOf(`${url}/events?ticket=constructor`)).toBe(401);
  });

  test("end the stream when their token ends", async () => {
    const { url } = startKeyedHub();
    const { opened: reader } = await openedInTime(async (token) =>
      open(url, (await getTicket(url, token)).ticket),
    );
    await reader.take(1);
    expect(await reader.next()).toBeUndefined();
  });
});

describe("the cookie", () => {
  test("is set for a key or token, for no script to read, and shows it", async () => {
    const { url } = startKeyedHub({ private: true });
    const token = await sign({ subscribe: ["a"] });
    const answer = await post(`${url}/session`, null, token);
    expect(answer.status).toBe(204);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toStartWith(`__Host-tidings=${token}; `);
    const attributes = cookie.toLowerCase().split("; ").slice(1);
    expect(attributes).toContain("httponly");
    expect(attributes).toContain("secure");
    expect(attributes).toContain("samesite=strict");
    expect(attributes).toContain("path=/");
    expect(attributes.find((one) => one.startsWith("max-age="))).toMatch(/^max-age=3(600|59\d)$/);
    const shown = { cookie: `theme=dark; ${cookie.split(";")[0]}; other=1` };
    expect(await statusOf(`${url}/events?topic=a`, shown)).toBe(200);
    expect(await statusOf(`${url}/events?topic=b`, shown)).toBe(403);
    expect(await statusOf(`${url}/events?topic=a`, { cookie: "tidings=x" })).toBe(401);
  });

  test("carries keys of any characters that a header takes", async () => {
    const key = 'a;b,c="d" e%20f\\g'.replaceAll(" ", "_");
    const { url } = startKeyedHub({ adminKeys: [key] });
    const answer = await post(`${url}/session`, null, key);
    const [pair = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    expect(await statusOf(`${url}/clients`, { cookie: pair })).toBe(200);
  });

  test("is not set for a bad one, nor for none", async () => {
    const { url } = startKeyedHub();
    for (const answer of [await post(`${url}/session`, null, "bad"), await post(`${url}/session`, null)]) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
  });

  test("is removed on demand", async () => {
    const { url } = startKeyedHub();
    const answer = await fetch(`${url}/session`, { method: "DELETE" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("set-cookie")?.toLowerCase()).toContain("max-age=0");
  });

  test("gives way to the header", async () => {
    const { url } = startKeyedHub();
    const headers = { ...bearer("bad"), cookie: `__Host-tidings=${ADMIN_KEY}` };
    expect(await statusOf(`${url}/clients`, headers)).toBe(401);
  });

  test("does not let a page of another origin do what it lets", async () => {
    const { url, broker } = startKeyedHub();
    const headers = { cookie: `__Host-tidings=${ADMIN_KEY}`, "content-type": "application/json" };
    const publish = (origin: string) =>
      fetch(`${url}/publish`, {
        method: "POST",
        headers: { ...headers, origin },
        body: JSON.stringify({ type: "a", data: 1 }),
      });
    expect((await publish("https://evil.example")).status).toBe(403);
    expect((await publish("null")).status).toBe(403);
    expect(broker.totals.published).toBe(0);
    expect((await publish(url)).status).toBe(200);
  });
});

describe("/status tells", () => {
  const membersOf = async (url: string, token?: string) =>
    Object.keys(
      await (await fetch(`${url}/status`, { headers: token === undefined ? {} : bearer(token) })).json(),
    );
  const some = ["status", "connected_clients", "version", "uptime_seconds"];

  test("a stranger on a private hub that it is there", async () => {
    const { url } = startKeyedHub({ private: true });
    expect(await membersOf(url)).toEqual(["status"]);
    expect(await membersOf(url, await sign({ publish: { topics: ["*"] } }))).toEqual(["status"]);
    expect(await membersOf(url, await sign({ subscribe: ["a"] }))).toEqual(some);
    expect(await membersOf(url, ADMIN_KEY)).toContain("store");
    expect((await fetch(`${url}/status`, { headers: bearer("wrong") })).status).toBe(401);
  });

  test("anyone on a hub with keys how it is, and an administrator what it holds", async () => {
    const { url } = startKeyedHub();
    expect(await membersOf(url)).toEqual(some);
    expect(await membersOf(url, PUBLISH_KEY)).toEqual(some);
    expect(await membersOf(url, ADMIN_KEY)).toEqual([...some, "memory", "store", "totals"]);
  });
});
