import { describe, expect, test } from "bun:test";
import { readWithCurl } from "../curl.ts";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { serveBinary } from "./binary.ts";
import { statusOf } from "./hub-client.ts";
import { isMissing, proxies } from "./proxy.ts";

const JSON_TYPE = { "content-type": "application/json" };
const ADMIN = { authorization: "Bearer administrator-of-the-tests" };

/** Reads on from a stream until its text has that, and gives back all of it. */
function reader(response: Response) {
  const stream = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return async (wanted: string) => {
    while (!text.includes(wanted)) {
      const { done, value } = (await stream?.read()) ?? { done: true, value: undefined };
      if (done) throw new Error(`the stream ended before ${wanted}: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
    return text;
  };
}

describe.each(["nginx", "caddy"] as const)("behind %s", (name) => {
  const run = (title: string, body: (url: string) => Promise<void>) =>
    test.skipIf(isMissing(name))(title, async () => {
      const { url } = await serveBinary(
        emptyFolder(),
        "--trust-proxy=127.0.0.0/8 ::1",
        "--admin-key=administrator-of-the-tests",
        "--keep-alive=100ms",
      );
      await body(await proxies[name](url));
    });

  const publish = (url: string, data: unknown) =>
    fetch(`${url}/publish`, {
      method: "POST",
      headers: { ...JSON_TYPE, ...ADMIN },
      body: JSON.stringify({ type: "n", data }),
    });

  test.skipIf(isMissing(name))(
    "while the hub is away, readers of streams are told to come back, and anyone else gets the status",
    async () => {
      const hub = await serveBinary(emptyFolder());
      const url = await proxies[name](hub.url);
      hub.kill("SIGKILL");
      await hub.exited;
      const waits = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const headers = { accept: "text/event-stream", origin: "http://pages.test" };
        const response = await fetch(`${url}/events`, { headers });
        expect(response.status).toBe(200);
        expect(response.headers.get("content-type")).toBe("text/event-stream;charset=utf-8");
        expect(response.headers.get("access-control-allow-origin")).toBe("http://pages.test");
        const text = await response.text();
        const [, retry = "", after = ""] =
          /^retry: (\d{4})\nevent: tidings\.busy\ndata: {"reason":"away","retry_after":(\d)}\n\n$/.exec(
            text,
          ) ?? [];
        expect(Math.floor(Number(retry) / 1000)).toBeWithin(1, 6);
        expect([after, response.headers.get("retry-after")]).toEqual([retry[0], retry[0]] as [
          string,
          string,
        ]);
        waits.add(retry);
      }
      expect(waits.size).toBeGreaterThan(10);
      const script = await fetch(`${url}/events`, { headers: { accept: "text/event-stream" } });
      expect(script.headers.has("access-control-allow-origin")).toBeFalse();
      expect((await fetch(`${url}/events`)).status).toBe(502);
      // A publisher that is told 200 would take its event for kept.
      const post = { method: "POST", headers: { accept: "text/event-stream" } };
      expect((await fetch(`${url}/publish`, post)).status).toBe(502);
    },
  );

  run("each event arrives before the next is published, compressed or not", async (url) => {
    for (const coding of ["identity", "gzip", "zstd"]) {
      const stream = await fetch(`${url}/events`, { headers: { "accept-encoding": coding } });
      expect(stream.headers.get("content-type")).toBe("text/event-stream;charset=utf-8");
      const until = reader(stream);
      await until("event: connected");
      for (let i = 0; i < 3; i++) {
        expect((await publish(url, `${coding} ${i}`)).status).toBe(200);
        await until(`data: "${coding} ${i}"`);
      }
      await until(": keepalive");
    }
  });

  run("small events arrive, one by one, where the client asks for no coding", async (url) => {
    // Caddy asks for gzip by itself and inflates it, as every program in Go does.
    const curl = readWithCurl(`${url}/events`);
    await curl.line("event: connected");
    for (let i = 0; i < 3; i++) {
      await publish(url, i);
      await curl.line(`data: ${i}`);
    }
  });

  run("a client that leaves is gone for the hub, too", async (url) => {
    const clients = async () => (await statusOf(url)).connected_clients;
    const aborter = new AbortController();
    await reader(await fetch(`${url}/events`, { signal: aborter.signal }))("event: connected");
    expect(await clients()).toBe(1);
    aborter.abort();
    await until(async () => (await clients()) === 0);
  });

  run("the hub knows the sender's address, and not what a sender makes up", async (url) => {
    const until = reader(
      await fetch(`${url}/events`, { headers: { "x-forwarded-for": "203.0.113.9, 198.51.100.7" } }),
    );
    await until("event: connected");
    const list = (await (await fetch(`${url}/clients`, { headers: ADMIN })).json()) as {
      clients: { address: string }[];
    };
    const [client] = list.clients;
    // nginx adds to the header, and this test stands for a proxy before it; Caddy believes nobody.
    expect(client?.address).toEqual(
      name === "nginx" ? "198.51.100.7" : expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
    );
  });

  run("the hub's own pages may publish and sign in, at any port of the proxy", async (url) => {
    const headers = { ...JSON_TYPE, ...ADMIN, origin: url };
    for (const [path, body] of [
      ["publish", { type: "n", data: 1 }],
      ["session", undefined],
    ] as const) {
      const { ok } = await fetch(`${url}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      expect([path, ok]).toEqual([path, true]);
    }
  });

  run("refusals and request ids come through", async (url) => {
    const refused = await fetch(`${url}/publish`, {
      method: "POST",
      headers: { ...JSON_TYPE, ...ADMIN },
      body: "{",
    });
    expect(refused.status).toBe(400);
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    const { request_id } = (await refused.json()) as { request_id: string };
    expect(refused.headers.get("x-request-id")).toBe(request_id);
    expect(request_id).toMatch(/^[0-9a-f-]{32,36}$/);
  });

  // Caddy answers an HTTP/1.1 request only when it has come to its end, unless it is told otherwise.
  if (name === "caddy") return;

  run("a stream of events to publish is answered line by line", async (url) => {
    const lines = new TransformStream<Uint8Array, Uint8Array>();
    const writer = lines.writable.getWriter();
    const send = (line: string) => writer.write(new TextEncoder().encode(`${line}\n`));
    const first = send('{"type":"n","data":1,"id":"first"}');
    const answer = await fetch(`${url}/publish/stream`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", ...ADMIN },
      body: lines.readable,
    });
    await first;
    const until = reader(answer);
    await until('"first"');
    await send('{"type":"n","data":2,"id":"second"}');
    await until('"second"');
    await writer.close();
  });
});
