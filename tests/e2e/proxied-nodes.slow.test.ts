import { expect, test } from "bun:test";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { post } from "../post.ts";
import { serveBinaryWith } from "./binary.ts";
import { isMissing, startNginx } from "./proxy.ts";

// nginx before two nodes that go in all ways. Each has a log of its own: all that counts here is that one answers.

/** How long nginx waits for an answer here, instead of 30 s. */
const PATIENCE_MS = 1000;

const serve = (port: number) =>
  serveBinaryWith({}, emptyFolder(), "--port", `${port}`, "--drain", "0s", "--trust-proxy", "127.0.0.1");

async function serveTwo(replaced: Record<string, string> = {}) {
  const ports = [freePort(), freePort()] as const;
  const [a, b] = await Promise.all([serve(ports[0]), serve(ports[1])]);
  return { ports, a, b, url: await startNginx([a.url, b.url], replaced) };
}

/** What readers and publishers get, one after the other: more of them than there are nodes. */
async function ask(url: string) {
  for (let i = 0; i < 4; i++) {
    const read = await fetch(`${url}/history`);
    const published = await post(`${url}/publish`, { type: "n", data: i });
    expect([read.status, published.status]).toEqual([200, 200]);
  }
}

type Node = Awaited<ReturnType<typeof serve>>;

async function end(node: Node, signal: "SIGKILL" | "SIGTERM") {
  node.kill(signal);
  await node.exited;
}

test.skipIf(isMissing("nginx"))(
  "behind nginx, nodes are killed, drained in turn, and both restarted at once: whoever asks is served while one is there",
  async () => {
    const { ports, url, ...nodes } = await serveTwo();
    let { a, b } = nodes;
    await ask(url);
    await end(a, "SIGKILL");
    await ask(url);
    // It is back, and the other one goes before nginx has asked it again.
    a = await serve(ports[0]);
    await end(b, "SIGTERM");
    await ask(url);
    b = await serve(ports[1]);
    await end(a, "SIGTERM");
    await ask(url);
    await end(b, "SIGTERM");
    expect((await fetch(`${url}/history`)).status).toBe(502);
    await Promise.all(ports.map(serve));
    await ask(url);
  },
);

test.skipIf(isMissing("nginx"))(
  "behind nginx, a node that takes connections and does not answer is found out once",
  async () => {
    const replaced = { "proxy_read_timeout 30s": `proxy_read_timeout ${PATIENCE_MS}ms` };
    const { a, url } = await serveTwo(replaced);
    a.kill("SIGSTOP");
    const reads = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/history`)));
    expect(new Set(reads.map(({ status }) => status))).toEqual(new Set([200]));
    // It would be asked for half of these, and a publisher would be answered 504.
    await ask(url);
    await ask(url);
  },
);
