import { expect, test } from "bun:test";
import { connect } from "node:net";
import { version } from "../../../package.json";
import { builtinEvents } from "../../../src/events/builtin.ts";
import { DEFAULT_LIMITS } from "../../../src/http/limits/limits.ts";
import { startHub } from "../../hub.ts";
import { post, postText } from "../../post.ts";
import { until } from "../../until.ts";
import { problemOf } from "../problem.ts";

const { maxBody, maxEvent } = DEFAULT_LIMITS;

test("404: where there is nothing", async () => {
  const { url } = startHub();
  for (const path of ["/nope", "/events/1", "/publish/nope", "/%ff", "/event", "/.env"]) {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const { detail } = await problemOf(await fetch(url + path, { method }), 404);
      expect(detail).toContain(path);
    }
  }
});

test("405: a wrong method, told which are right", async () => {
  const { url } = startHub();
  const cases: [path: string, allow: string, wrong: string[]][] = [
    ["/events", "GET, HEAD, OPTIONS", ["POST", "PUT", "PATCH", "DELETE"]],
    ["/events/", "GET, HEAD, OPTIONS", ["POST"]],
    ["/publish", "POST, OPTIONS", ["GET", "HEAD", "PUT", "DELETE"]],
    ["/publish/batch", "POST, OPTIONS", ["GET", "PUT"]],
    ["/status", "GET, HEAD, OPTIONS", ["POST"]],
    ["/catalog", "GET, HEAD, OPTIONS", ["POST"]],
    ["/healthz", "GET, HEAD, OPTIONS", ["POST"]],
    ["/readyz", "GET, HEAD, OPTIONS", ["POST"]],
    ["/openapi/json", "GET, HEAD, OPTIONS", ["DELETE"]],
  ];
  for (const [path, allow, wrong] of cases) {
    for (const method of wrong) {
      const response = await fetch(url + path, { method });
      expect({ path, method, allow: response.headers.get("allow") }).toEqual({ path, method, allow });
      if (method === "HEAD") expect(response.status).toBe(405);
      else await problemOf(response, 405);
    }
    const options = await fetch(url + path, { method: "OPTIONS" });
    expect([path, options.status, options.headers.get("allow"), await options.text()]).toEqual([
      path,
      204,
      allow,
      "",
    ]);
  }
});

test("a HEAD for the stream is answered at once, with a slash at its end, too", async () => {
  const { url, broker } = startHub();
  for (const path of ["/events", "/events/"]) {
    const { status, headers } = await fetch(url + path, { method: "HEAD" });
    expect([path, status, headers.get("content-type")]).toEqual([
      path,
      200,
      "text/event-stream;charset=utf-8",
    ]);
  }
  expect(broker.totals.connected).toBe(0);
});

test("a HEAD answers as a GET does, without the body", async () => {
  const { url } = startHub();
  for (const path of ["/status", "/catalog", "/healthz", "/readyz", "/openapi", "/openapi/json"]) {
    const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => fetch(url + path, { method })));
    expect([path, head?.status, await head?.text()]).toEqual([path, 200, ""]);
    expect(head?.headers.get("content-type")).toBe(get?.headers.get("content-type") as string);
    await get?.text();
  }
});

test("/status tells how the hub is", async () => {
  const { url, broker } = startHub();
  await post(`${url}/publish`, { type: "n", data: 1, id: "one" });
  const status = (await (await fetch(`${url}/status`)).json()) as Record<string, unknown>;
  expect(status["status"]).toBe("active");
  expect(status["connected_clients"]).toBe(0);
  expect(status["version"]).toBe(version);
  expect(status["uptime_seconds"]).toBeNumber();
  expect(status["totals"]).toMatchObject({ published: 1, delivered: 0, connected: 0 });
  const store = status["store"] as Record<string, unknown>;
  expect([store["name"], store["events"], store["earliest"]]).toEqual(["memory", 1, broker.log.place(1)]);
});

test("/catalog has each type's JSON Schema", async () => {
  const { url } = startHub();
  const catalog = (await (await fetch(`${url}/catalog`)).json()) as Record<string, unknown>;
  expect(catalog).toEqual(JSON.parse(JSON.stringify(builtinEvents)));
  expect(Object.keys(catalog).sort()).toEqual([
    "health-update",
    "metrics-update",
    "nav-badge-update",
    "notification",
    "trace-update",
    "widget-refresh",
  ]);
});

test("413: a body that is too large, whether it says so or not, and however much is still to come", async () => {
  const { url } = startHub();
  for (const path of ["/publish", "/publish/batch"]) {
    const large = "x".repeat(maxBody + 1);
    await problemOf(await postText(url + path, large), 413);
    await problemOf(await postText(url + path, "x".repeat(3 * maxBody)), 413);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(32)),
    });
    await problemOf(await postText(url + path, endless as BodyInit), 413);
  }
});

test("a body that is just not too large is taken, in chunks too", async () => {
  const { url } = startHub();
  const frame = ['{"type":"n","data":"', '"}'];
  const body = frame.join("x".repeat(maxEvent - 22));
  const chunked = new Blob([body]).stream();
  const answers = [
    await postText(`${url}/publish`, body),
    await postText(`${url}/publish`, chunked as BodyInit),
  ];
  for (const answer of answers)
    expect([answer.status, await answer.json()]).toEqual([200, { id: expect.any(String), recipients: 0 }]);
});

test("a sender that breaks off publishes nothing and disturbs nobody", async () => {
  const { url, broker } = startHub();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /publish HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"type":"n","da`,
  );
  await new Promise<void>((sent) => socket.write("", () => sent()));
  socket.destroy();
  expect((await post(`${url}/publish`, { type: "n", data: 1 })).status).toBe(200);
  expect(broker.totals.published).toBe(1);
});

for (const host of [undefined, "127.0.0.1"]) {
  test(`HTTP/1.0 ${host ? "with" : "without"} a Host is served: a plain answer, a stream, and a refusal`, async () => {
    const { url, broker } = startHub();
    const ask = (line: string) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      let text = "";
      socket.on("data", (bytes) => (text += bytes));
      socket.write(`${line} HTTP/1.0\r\n${host ? `Host: ${host}\r\n` : ""}\r\n`);
      return { socket, text: () => text, ended: new Promise((end) => socket.once("close", end)) };
    };
    const status = ask("GET /status");
    await status.ended;
    expect(status.text()).toContain(" 200 OK\r\n");
    const nothing = ask("GET /nope");
    await nothing.ended;
    expect(nothing.text()).toContain(" 404 Not Found\r\n");
    expect(nothing.text()).toContain("application/problem+json");
    const stream = ask("GET /events?topic=a");
    await until(() => broker.clientCount === 1);
    await broker.publishBatch([{ type: "n", data: 1, topics: ["a"], id: "one" }]);
    await until(() => stream.text().endsWith("\r\n\r\n") || stream.text().includes("id: one"));
    expect(stream.text()).toContain("id: one\nevent: n\ndata: 1\n\n");
    expect(stream.text().toLowerCase()).not.toContain("transfer-encoding");
    stream.socket.destroy();
    await until(() => broker.clientCount === 0);
  });
}
