import { expect, test } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { startHub } from "../hub.ts";
import { startFaultyHub } from "../sdk/faulty-hub.ts";
import { half } from "../tls/certificate.ts";
import { run } from "./tidings.ts";

const commands = (): string[][] => [
  ["listen"],
  ["publish", "a", "1"],
  ["publish", "a", "-"],
  ["catalog"],
  ["backup", join(emptyFolder(), "copy.db")],
];

const startWithTls = () =>
  startConfigured(["--tls-cert", half("old", "crt"), "--tls-key", half("old", "key")]);

/** What a command says at this address, as all of them should. */
async function refusals(url: string): Promise<Set<string>> {
  const all = new Set<string>();
  for (const command of commands()) {
    const { code, output, errors } = await run([...command, "--url", url], { input: "1\n" });
    expect({ command, code, output }).toEqual({ command, code: 1, output: "" });
    all.add(errors.replace("line 1: ", ""));
  }
  return all;
}

async function addressOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  defer(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `127.0.0.1:${address.port}`;
}

test("every command that asks a hub with TLS without it ends, and names the address", async () => {
  const { url } = await startWithTls();
  const wrong = url.replace("https:", "http:");
  expect(await refusals(wrong)).toEqual(
    new Set([`tidings: the hub can't be reached: ${wrong} speaks TLS: try --url ${url}\n`]),
  );
});

test("every command that asks a hub without TLS with it ends, and names the address", async () => {
  const { url } = startHub();
  const wrong = url.replace("http:", "https:");
  expect(await refusals(wrong)).toEqual(
    new Set([`tidings: the hub can't be reached: ${wrong} does not speak TLS: try --url ${url}\n`]),
  );
});

test("a 400 of a proxy with TLS is explained in the same way", async () => {
  const { url } = await startWithTls();
  /** As nginx does, it tells whoever comes without TLS. */
  const proxy = createServer((socket) => {
    socket.once("data", (first) => {
      const tls = first[0] === 0x16;
      if (!tls) return socket.end("HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<h1>400</h1>");
      const hub = connect(Number(new URL(url).port), "127.0.0.1");
      hub.write(first);
      hub.on("error", () => socket.destroy());
      socket.on("error", () => hub.destroy());
      socket.pipe(hub).pipe(socket);
    });
  });
  const there = await addressOf(proxy);
  const { code, errors } = await run(["publish", "a", "1", "--url", `http://${there}`]);
  expect(errors).toBe(
    `tidings: the hub can't be reached: http://${there} speaks TLS: try --url https://${there}\n`,
  );
  expect(code).toBe(1);
});

test("a connection that breaks, and a 400 of something else, are told as they are", async () => {
  const broken = createServer((socket) => void socket.once("data", () => socket.destroy()));
  const there = await addressOf(broken);
  const lost = await run(["catalog", "--url", `http://${there}`]);
  expect(lost.errors).toContain("the connection was closed before the answer was whole");
  const { url } = startFaultyHub(() => new Response("no", { status: 400 }));
  expect((await run(["catalog", "--url", url])).errors).toBe(`tidings: Bad Request: ${url}/catalog\n`);
});
