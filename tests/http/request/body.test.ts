import { expect, test } from "bun:test";
import { connect } from "node:net";
import { startConfigured } from "../../configured.ts";
import { startHub } from "../../hub.ts";
import { tlsFlags } from "../../tls/certificate.ts";
import { Http2Client } from "../../tls/http2-client.ts";
import { until } from "../../until.ts";

const EVENT = '{"type":"n","data":1}';
const CHUNK = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n`;

/** A connection to which a test writes, and what has come back on it. */
function open(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const connection = { socket, text: "", closed: false };
  socket.on("data", (bytes) => {
    connection.text += bytes.toString();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    connection.closed = true;
  });
  return connection;
}

const head = (path: string, type: string, ...fields: string[]) =>
  [`POST ${path} HTTP/1.1`, "host: localhost", `content-type: ${type}`, ...fields, "", ""].join("\r\n");

test.each([1, 100, 64 * 1024, 1_000_000])(
  "--body-timeout: of %d bytes that don't come, the sender is told when the time is over",
  async (length) => {
    const { url, broker } = await startConfigured(["--body-timeout", "100ms"]);
    for (const path of ["/publish", "/publish/batch"]) {
      const connection = open(url);
      const startedAt = performance.now();
      connection.socket.write(head(path, "application/json", `content-length: ${length}`));
      await until(() => connection.closed);
      expect(connection.text).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
      expect(connection.text).toContain("a body takes 0.1 s at most");
      expect(performance.now() - startedAt).toBeLessThan(2000);
    }
    expect(broker.totals.published).toBe(0);
  },
);

test("--body-timeout: a body of unknown length that does not end, too", async () => {
  const { url } = await startConfigured(["--body-timeout", "100ms"]);
  const connection = open(url);
  connection.socket.write(head("/publish", "application/json", "transfer-encoding: chunked") + CHUNK);
  await until(() => connection.closed);
  expect(connection.text).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
});

test.each([{ "content-length": "100" }, { "content-length": "65536" }, {}])(
  "--body-timeout over HTTP/2: a body that drips is refused, and other streams go on (%p)",
  async (fields) => {
    const { url, broker } = await startConfigured([...tlsFlags, "--body-timeout", "100ms"]);
    const client = new Http2Client(url);
    const events = client.open("/events");
    await until(() => broker.clientCount === 1);
    const request = client.session.request({
      ":method": "POST",
      ":path": "/publish",
      "content-type": "application/json",
      ...fields,
    });
    request.on("error", () => {});
    const status = new Promise((resolve) => request.once("response", (got) => resolve(got[":status"])));
    request.write("{");
    expect(await status).toBe(408);
    broker.broadcast({ type: "n", data: "still here" });
    await until(() => events.text.includes("still here"));
    expect(broker.totals.published).toBe(1);
  },
);

test("a body with trailer fields is refused before it is kept, announced or not", async () => {
  const { url, broker } = startHub();
  for (const [path, type] of [
    ["/publish", "application/json"],
    ["/publish/batch", "application/json"],
    ["/publish/stream", "application/x-ndjson"],
  ] as const) {
    const connection = open(url);
    const fields = ["transfer-encoding: chunked", "trailer: x-sum"];
    connection.socket.write(`${head(path, type, ...fields)}${CHUNK}0\r\nx-sum: 1\r\n\r\n`);
    await until(() => connection.closed);
    expect(connection.text).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    expect(connection.text).toContain("a body with trailer fields is not taken");
  }
  const chunked = head("/publish", "application/json", "transfer-encoding: chunked");
  for (const rest of ["x-sum: 1\r\n\r\n", "a: b\r\nc: d\r\n\r\n"]) {
    const connection = open(url);
    connection.socket.write(`${chunked}${CHUNK}0\r\n${rest}`);
    await until(() => connection.closed);
    expect(connection.text).toStartWith("HTTP/1.1 400 Bad Request\r\n");
  }
  expect(broker.totals.published).toBe(0);
  const connection = open(url);
  connection.socket.write(`${chunked}${CHUNK}0\r\n\r\n`);
  await until(() => connection.text.includes('"recipients":0'));
  connection.socket.destroy();
  expect(broker.totals.published).toBe(1);
});
