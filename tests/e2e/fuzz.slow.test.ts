import { expect, test } from "bun:test";
import fc from "fast-check";
import { emptyFolder } from "../folder.ts";
import { dereferenced } from "../http/openapi/description.ts";
import { serveBinary } from "./binary.ts";
import { encode, type FuzzedRequest, type Operation, requestFor } from "./described.ts";

/** Requests for each of the three kinds; more than by default with TIDINGS_FUZZ=100000, say. */
const REQUESTS = Number(process.env["TIDINGS_FUZZ"] ?? 1500);
const TIMEOUT = 60_000 + REQUESTS * 40;
/** Memory that the hub may take up while it is attacked, in bytes; its caches and history are bounded. */
const MOST_GROWTH = 150e6;

const KEY = "administrator-of-the-tests";
const FLAGS = [
  "--admin-key",
  KEY,
  "--jwt-key",
  "a secret of the tests that is long enough",
  "--history-events",
  "100",
];

/** A problem is one in its type, its status and its id. Returns the status. */
async function send(url: string, { method, path, headers, body }: FuzzedRequest): Promise<number> {
  const aborter = new AbortController();
  const response = await fetch(url + path, {
    method,
    headers,
    body: (body as BodyInit | undefined) ?? null,
    redirect: "manual",
    signal: aborter.signal,
  });
  const { status } = response;
  if (status >= 400) {
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
    expect(problem["request_id"]).toBe(response.headers.get("x-request-id"));
  } else {
    // Of a stream, the first part; of anything else, all.
    if (response.headers.get("content-type")?.startsWith("text/event-stream"))
      await response.body?.getReader().read();
    else await response.bytes();
    aborter.abort();
  }
  return status;
}

interface Watched {
  readonly url: string;
  /** Asserts that nothing went wrong inside, and that the hub is as well as it was. */
  assertWell(): Promise<void>;
}

async function attacked(): Promise<Watched> {
  const { url } = await serveBinary(emptyFolder(), ...FLAGS);
  const headers = { authorization: `Bearer ${KEY}` };
  const memory = async () =>
    ((await (await fetch(`${url}/status`, { headers })).json()) as { memory: number }).memory;
  const before = await memory();
  return {
    url,
    async assertWell() {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
      expect(metrics).toContain("tidings_refused_total");
      // A store in memory has no backup, which is a 501.
      expect(metrics).not.toMatch(/tidings_refused_total\{[^}]*status="5(?!01)/);
      // Whatever the paths were, there are no more series than routes and statuses.
      expect(metrics.match(/^tidings_refused_total/gm)?.length).toBeLessThan(100);
      expect(metrics.match(/^tidings_requests_total/gm)?.length).toBeLessThan(200);
      expect((await memory()) - before).toBeLessThan(MOST_GROWTH);
    },
  };
}

test(
  "whatever is sent to what it describes, it answers as it says, and refuses with a problem",
  async () => {
    const { url, assertWell } = await attacked();
    const { paths } = dereferenced(await (await fetch(`${url}/openapi/json`)).json()) as {
      paths: Record<string, Record<string, Operation>>;
    };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    );
    expect(operations.length).toBeGreaterThan(10);
    const statuses = new Map<string, number>();
    for (const { method, path, operation } of operations) {
      const documented = Object.keys(operation.responses).map(Number);
      const request = requestFor(method, path, operation, `Bearer ${KEY}`);
      await fc.assert(
        fc.asyncProperty(request, async (one) => {
          const status = await send(url, one);
          const key = `${method} ${path} ${status}`;
          statuses.set(key, (statuses.get(key) ?? 0) + 1);
          expect(documented).toContain(status);
        }),
        { numRuns: Math.ceil(REQUESTS / operations.length), endOnFailure: true },
      );
    }
    await assertWell();
    if (process.env["TIDINGS_FUZZ"]) console.log(Object.fromEntries([...statuses].sort()));
  },
  TIMEOUT,
);

test(
  "whatever the path and the method, it is a 404 or 405 problem unless there is something",
  async () => {
    const { url, assertWell } = await attacked();
    const segment = fc.oneof(
      fc.constantFrom(
        "events",
        "publish",
        "batch",
        "clients",
        "openapi",
        "..",
        ".",
        "",
        "%2e%2e",
        "%00",
        "%",
        "assets",
        "session",
      ),
      fc.string({ unit: "binary", maxLength: 30 }).map(encode),
    );
    const request = fc.record({
      method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"),
      path: fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
      headers: fc.constant({}),
      body: fc.constant(undefined),
    });
    await fc.assert(
      fc.asyncProperty(request, async (one) => {
        if (one.method !== "HEAD") expect(await send(url, one)).toBeLessThan(500);
        else expect((await fetch(url + one.path, { method: "HEAD" })).status).toBeLessThan(500);
      }),
      { numRuns: REQUESTS, endOnFailure: true },
    );
    await assertWell();
  },
  TIMEOUT,
);

/** Sends bytes as they are; resolves to what comes back until the hub hangs up or has answered. */
function sendRaw(url: string, bytes: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(bytes);
        // No more is to come: a server that waits for it is told so.
        socket.shutdown();
      },
      data(socket, chunk) {
        answer += chunk.toString("latin1");
        if (answer.includes("\r\n\r\n")) socket.terminate();
      },
      close: () => resolve(answer),
      error: () => resolve(answer),
    },
  }).catch(() => resolve(answer));
  return promise;
}

test(
  "whatever the bytes on the wire, it goes on",
  async () => {
    const { url, assertWell } = await attacked();
    const event = '{"type":"a","data":1}';
    const seeds = [
      `GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: earliest\r\n\r\n`,
      `POST /publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\nContent-Length: ${event.length}\r\n\r\n${event}`,
      `POST /publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n${event}\r\n0\r\n\r\n`,
      `POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
      `POST /publish/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n${event}\n\r\n0\r\n\r\n`,
      "GET http://localhost/status HTTP/1.0\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
      `GET /status HTTP/1.1\r\nHost: localhost\r\n${"X-A: b\r\n".repeat(500)}\r\n`,
    ];
    const piece = fc.constantFrom(
      "\r\n",
      "\n",
      "\r",
      "\0",
      " ",
      ":",
      "Host: evil\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length: -1\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "ffffffffffffffff\r\n",
      "X: \xff\r\n",
      " folded\r\n",
      "%",
      "HTTP/9.9",
      "A".repeat(20_000),
    );
    const damage = fc.oneof(
      fc.record({ at: fc.nat(), piece }).map(
        ({ at, piece }) =>
          (text: string) =>
            splice(text, at, piece, 0),
      ),
      fc.record({ at: fc.nat(), gone: fc.integer({ min: 1, max: 40 }) }).map(
        ({ at, gone }) =>
          (text: string) =>
            splice(text, at, "", gone),
      ),
      fc.nat().map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
      fc.record({ at: fc.nat(), code: fc.nat(255) }).map(
        ({ at, code }) =>
          (text: string) =>
            splice(text, at, String.fromCharCode(code), 1),
      ),
    );
    const damaged = fc
      .tuple(fc.constantFrom(...seeds), fc.array(damage, { maxLength: 4 }))
      .map(([seed, damages]) =>
        Buffer.from(
          damages.reduce((text, one) => one(text), seed),
          "latin1",
        ),
      );
    const bytes = fc.oneof({ weight: 5, arbitrary: damaged }, fc.uint8Array({ maxLength: 500 }));
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const answer = await sendRaw(url, sent);
        if (answer !== "") expect(answer).toMatch(/^HTTP\/1\.[01] ([1-4]\d\d|505)/);
      }),
      { numRuns: REQUESTS, endOnFailure: true },
    );
    await assertWell();
  },
  TIMEOUT,
);

function splice(text: string, at: number, piece: string, gone: number): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + piece + text.slice(start + gone);
}
