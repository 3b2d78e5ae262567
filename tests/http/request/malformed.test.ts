import { expect, test } from "bun:test";
import { connect } from "node:net";
import { startConfigured } from "../../configured.ts";
import { startHub } from "../../hub.ts";

/** What comes back for a head, on a connection that is closed then. */
async function ask(url: string, requestLine: string, ...fields: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString();
  });
  socket.write([`${requestLine} HTTP/1.1`, ...fields, "connection: close", "", ""].join("\r\n"));
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

test("several Hosts are a 400, whatever they say", async () => {
  const { url } = await startConfigured([]);
  for (const fields of [
    ["host: localhost", "host: localhost"],
    ["host: localhost", "Host: evil.test"],
    ["host: localhost, localhost"],
  ]) {
    const answer = await ask(url, "GET /status", ...fields);
    expect(answer).toStartWith("HTTP/1.1 400 ");
    expect(answer).toContain("the request has more than one Host");
  }
});

test("a fragment in the address is a 400 in plain words", async () => {
  const { url } = startHub();
  for (const line of ["GET /status#x", "POST /publish#x", "GET /nowhere#"]) {
    const answer = await ask(url, line, "host: localhost", "content-length: 0");
    expect(answer).toStartWith("HTTP/1.1 400 ");
    expect(answer).toContain("the request's address has a fragment (#)");
  }
});

test("a HEAD for a stream says nothing of its length", async () => {
  const { url, broker } = startHub();
  const answer = await ask(url, "HEAD /events", "host: localhost");
  expect(answer).toStartWith("HTTP/1.1 200 ");
  expect(answer.toLowerCase()).toContain("content-type: text/event-stream");
  expect(answer.toLowerCase()).not.toContain("content-length");
  expect(broker.totals.connected).toBe(0);
});
