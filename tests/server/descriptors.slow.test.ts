import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { readLines } from "../../src/cli/event-line.ts";
import { Admission } from "../../src/http/limits/admission.ts";
import { Descriptors } from "../../src/http/limits/descriptors.ts";
import { DEFAULT_LIMITS } from "../../src/http/limits/limits.ts";
import { silent } from "../../src/logger.ts";
import { SingleNode } from "../../src/nodes/nodes.ts";
import { warnOfFewDescriptors } from "../../src/server/descriptor-guard.ts";
import { defer, killAfterwards } from "../defer.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A hub that may open 64 files: some 20 of them are the runtime's. */
async function startNarrow(...flags: string[]) {
  const command = [process.execPath, main, "serve", "--port", "0", ...flags];
  const child = Bun.spawn(["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  killAfterwards(child);
  const messages: string[] = [];
  let url = "";
  void (async () => {
    for await (const line of readLines(child.stderr)) {
      const fields = JSON.parse(line) as { msg: string; url?: string };
      messages.push(fields.msg);
      url = fields.url ?? url;
    }
  })();
  await until(() => url !== "");
  return { url, messages, pid: child.pid };
}

const isAlive = async (url: string) => {
  try {
    return (await fetch(`${url}/healthz`, { keepalive: false, signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
};

test.skipIf(process.platform !== "linux")(
  "when file descriptors run out, streams are refused, and publishers get through",
  async () => {
    const { url, messages } = await startNarrow("--max-clients", "1000");
    const aborter = new AbortController();
    defer(() => aborter.abort());
    // One that nobody holds would be collected, and so end.
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => fetch(`${url}/events`, { signal: aborter.signal })),
    );
    const count = (wanted: number) => answers.filter(({ status }) => status === wanted).length;
    expect(count(200)).toBeGreaterThan(10);
    expect(count(200) + count(503)).toBe(120);
    await until(() => isAlive(url));
    const published = await post(`${url}/publish`, { type: "a", data: 1 });
    expect(await published.json()).toHaveProperty("recipients", count(200));
    expect(messages.filter((message) => message.includes("--max-clients"))).toHaveLength(1);
    await until(() => messages.includes("file descriptors run out: streams are refused"));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain(`\ntidings_descriptors_short_total ${count(503)}\n`);
    // An EventSource is told to come back.
    const browser = await fetch(`${url}/events`, { headers: { accept: "text/event-stream" } });
    expect(await browser.text()).toMatch(/^event: tidings\.busy\ndata: \{"reason":"out-of-descriptors"/m);
    aborter.abort();
    await until(() => messages.includes("there are file descriptors for streams again"));
    expect((await fetch(`${url}/events`)).status).toBe(200);
  },
);

test.skipIf(process.platform !== "linux")(
  "connections that say nothing, or half of a head, keep nobody out for longer than they last",
  async () => {
    const { url, messages } = await startNarrow();
    const open = (text: string) =>
      new Promise<Socket>((resolve) => {
        const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
          if (text !== "") socket.write(text);
          resolve(socket);
        });
        socket.on("error", () => resolve(socket));
        defer(() => socket.destroy());
      });
    // The system keeps those that say nothing.
    await Promise.all(Array.from({ length: 100 }, () => open("")));
    await until(() => isAlive(url));
    const halves = await Promise.all(Array.from({ length: 100 }, () => open("GET /hea")));
    await until(() => messages.includes("no file descriptors left: no connections are taken"));
    // Nobody has asked for a number of clients.
    expect(messages.filter((message) => message.includes("--max-clients"))).toEqual([]);
    for (const half of halves) half.destroy();
    await until(() => isAlive(url));
  },
);

test("a hub that may open fewer connections than --max-clients says so at its start", () => {
  const warnings: unknown[] = [];
  const logger = { ...silent, warn: (fields: unknown) => void warnings.push(fields) };
  const descriptors = new Descriptors(20_000, () => 20);
  for (const maxClients of [0, 1000, 19_744]) warnOfFewDescriptors(descriptors, maxClients, logger);
  expect(warnings).toEqual([]);
  warnOfFewDescriptors(descriptors, 19_745, logger);
  expect(warnings).toEqual([{ max_clients: 19_745, file_descriptors: 20_000, room: 19_744 }]);
});

test("a stream leaves the last file descriptors to others", () => {
  let open = 900;
  const descriptors = new Descriptors(1000, () => open);
  const admission = new Admission(DEFAULT_LIMITS, new SingleNode(), descriptors);
  admission.assert("192.0.2.1");
  open = 981;
  expect(() => admission.assert("192.0.2.1")).toThrow("no file descriptors left");
  expect(descriptors.refusals).toBe(1);
});
