import { expect, test } from "bun:test";
import { join } from "node:path";
import { type AnyEvents, createPublisher } from "tidings/sdk";
import { Recorder } from "../broker/recorder.ts";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { binary } from "../e2e/binary.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { startHub } from "../hub.ts";
import { busy, never, startFaultyHub, stream } from "../sdk/faulty-hub.ts";
import { half } from "../tls/certificate.ts";
import { until } from "../until.ts";
import { startOnTerminal } from "./terminal.ts";
import { run, start } from "./tidings.ts";

test("prints each event as a line of id, type, topics and data", async () => {
  const { url, broker } = startHub();
  const listening = start(["listen", "--url", url]);
  await until(() => broker.clientCount === 1);
  await createPublisher<AnyEvents>({ url }).publish("order-created", { id: 1, note: "a\nb" }, { id: "x" });
  expect(await listening.line()).toBe('x\torder-created\t-\t{"id":1,"note":"a\\nb"}');
});

test("--json prints each as a JSON object; topics, types and a beginning are asked for", async () => {
  const { url } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  await hub.publish("a", 1, { id: "1", topics: ["orders/1"] });
  await hub.publish("a", 2, { id: "2", topics: ["bills/1"] });
  await hub.publish("b", 3, { id: "3", topics: ["orders/1"] });
  await hub.publish("a", 4, { id: "4", topics: ["all"] });
  const flags = ["--topic", "orders/*", "--topic", "all", "--type", "a", "--last-event-id", "earliest"];
  const listening = start(["listen", "--json", ...flags], { TIDINGS_URL: url });
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const next = async () => JSON.parse((await listening.line()) ?? "");
  expect(await next()).toEqual({ id: "1", type: "a", topics: ["orders/1"], time, data: 1 });
  expect(await next()).toEqual({ id: "4", type: "a", topics: ["all"], time, data: 4 });
});

test("--presence says on standard error who is there, who comes and who goes", async () => {
  const { url, broker } = startHub();
  const listening = start(["listen", "--url", url, "--topic", "a", "--presence"]);
  expect(await listening.errorLine()).toContain("present on a: nobody");
  broker.addClient(new Recorder(), { about: { subject: "alice\u001b" } });
  expect(await listening.errorLine()).toMatch(/joined on a: alice\\u001b$/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends it with code 0`, async () => {
    const { url, broker } = startHub();
    const listening = start(["listen", "--url", url]);
    await until(() => broker.clientCount === 1);
    listening.kill(signal);
    expect(await listening.exited).toBe(0);
    expect(await listening.errorLine()).toBeUndefined();
  });
}

test("ends quietly when nobody reads it any more", async () => {
  const { url, broker } = startHub();
  const hub = createPublisher<AnyEvents>({ url });
  const listening = start(["listen", "--url", url]);
  await until(() => broker.clientCount === 1);
  await hub.publish("n", 1);
  await listening.line();
  await listening.closeOutput();
  let hasEnded = false;
  const exited = listening.exited.finally(() => {
    hasEnded = true;
  });
  // It finds out when it writes; what it writes before the pipe is closed finds room in that.
  await until(async () => {
    await hub.publish("n", 2);
    return hasEnded;
  });
  expect(await exited).toBe(0);
  expect(await listening.errorLine()).toBeUndefined();
});

test("goes on after the hub was away, and says so", async () => {
  const first = startHub({ port: freePort() });
  const { url, broker } = first;
  const listening = start(["listen", "--url", url]);
  await until(() => broker.clientCount === 1);
  await broker.publishBatch([{ type: "n", data: 1, id: "1", retry: 50 }]);
  expect(await listening.line()).toBe("1\tn\t-\t1");
  await first.stop();
  expect(await listening.errorLine()).toStartWith("tidings: lost the hub, trying again");
  await broker.publishBatch([{ type: "n", data: 2, id: "2" }]);
  startHub({ port: Number(new URL(url).port), broker });
  expect(await listening.line()).toBe("2\tn\t-\t2");
  expect(await listening.errorLine()).toBe("tidings: connected again");
});

test("waits for a hub that is not there yet, and says so", async () => {
  const first = startHub({ port: freePort() });
  const { url, broker } = first;
  await first.stop();
  const listening = start(["listen", "--url", url, "--timeout", "1m"]);
  expect(await listening.errorLine()).toBe(
    `tidings: waiting for the hub: the hub can't be reached: ${url}/events: connection refused`,
  );
  startHub({ port: Number(new URL(url).port), broker });
  expect(await listening.errorLine()).toBe(`tidings: connected to ${url}`);
  await broker.publish({ type: "n", data: 1, id: "1" });
  expect(await listening.line()).toBe("1\tn\t-\t1");
});

test("on a terminal it says that it is connected", async () => {
  const { url, broker } = startHub();
  const { shows } = startOnTerminal([binary, "listen", "--url", url]);
  await shows(`tidings: connected to ${url}`);
  await broker.publish({ type: "n", data: 1, id: "1" });
  await shows("1\tn\t-\t1");
});

test("a certificate that is not trusted ends it at once", async () => {
  const tls = { cert: Bun.file(half("old", "crt")), key: Bun.file(half("old", "key")) };
  const server = Bun.serve({ port: 0, tls, fetch: () => new Response() });
  defer(() => server.stop(true));
  const { code, errors } = await run(["listen", "--url", server.url.origin]);
  expect(code).toBe(1);
  expect(errors).toBe(
    `tidings: the hub can't be reached: ${server.url.origin}/events: its certificate is not trusted; NODE_EXTRA_CA_CERTS names an authority of your own\n`,
  );
});

test("listens at a Unix socket", async () => {
  const unix = join(emptyFolder(), "hub.sock");
  const { broker } = await startConfigured(["--unix", unix]);
  const listening = start(["listen", "--url", `unix://${unix}`, "--topic", "a"]);
  await until(() => broker.clientCount === 1);
  const published = await run(["publish", "n", "1", "--topic", "a", "--id", "x", "--url", `unix://${unix}`]);
  expect(published).toEqual({ code: 0, output: "x\n", errors: "" });
  expect(await listening.line()).toBe("x\tn\ta\t1");
});

test("tells on standard error that events are missing", async () => {
  const { url, broker } = startHub();
  await broker.publishBatch([{ type: "n", data: 1, id: "1" }]);
  const listening = start(["listen", "--last-event-id", "gone", "--url", url]);
  expect(await listening.errorLine()).toBe(
    `tidings: events are missing: gone is no longer held, the oldest is ${broker.log.place(1)}`,
  );
  expect(await listening.line()).toBe("1\tn\t-\t1");
});

test("writes out control characters, which could steer a terminal", async () => {
  const envelope = '{"id":"1","type":"n","topics":["a\u009b"],"time":"now","data":"\u009b31m"}';
  const frame = `id: 1\u009b2J\nevent: n\u007f\ndata: ${envelope}\n\n`;
  const { url } = startFaultyHub(stream([frame], { open: true }));
  expect(await start(["listen", "--url", url]).line()).toBe('1\\u009b2J\tn\\u007f\ta\\u009b\t"\\u009b31m"');
  expect(await start(["listen", "--json", "--url", url]).line()).toBe(
    '{"id":"1\\u009b2J","type":"n\\u007f","topics":["a\\u009b"],"time":"now","data":"\\u009b31m"}',
  );
});

test("a hub that can't be reached or refuses is code 1, a wrong flag or topic code 2, each in one line", async () => {
  const { url, stop } = startHub();
  await stop();
  const moved = startFaultyHub(() => Response.redirect("https://hub.example/hub/events?topic=a", 301));
  const elsewhere = startFaultyHub(() => new Response("no such file", { status: 404 }));
  const cases: [args: string[], code: number, says: string][] = [
    [["--url", url, "--timeout", "0"], 1, `the hub can't be reached: ${url}/events: connection refused`],
    [["--url", startFaultyHub(busy(401, "0")).url], 1, "busy"],
    [["--url", startFaultyHub(busy(503, "0")).url, "--timeout", "0"], 1, "busy"],
    [["--url", startFaultyHub(never).url, "--timeout", "10ms"], 1, "gave up waiting"],
    [["--url", "unix:///nowhere.sock", "--timeout", "0"], 1, "/nowhere.sock/events: there is no such socket"],
    [["--url", startFaultyHub(() => new Response("hello")).url], 1, "not a Tidings hub"],
    [["--url", elsewhere.url], 1, `${elsewhere.url}/events`],
    [["--url", moved.url], 1, `${moved.url} redirects: the hub is at --url https://hub.example/hub`],
    [["--url", startHub().url, "--topic", "\n"], 2, "not a topic"],
    [["--url", "ftp://127.0.0.1"], 2, "Expected a URL"],
    [["--nope"], 2, "unknown option '--nope'"],
    [["extra"], 2, "too many arguments"],
  ];
  for (const [args, code, says] of cases) {
    const ended = await run(["listen", ...args]);
    expect({ args, code: ended.code, output: ended.output }).toEqual({ args, code, output: "" });
    const lines = ended.errors.trimEnd().split("\n");
    // One that waits for its hub says so before it gives up.
    expect(lines.length).toBe(args.includes("--timeout") && !lines[0]?.includes("gave up") ? 2 : 1);
    expect(lines.at(-1)).toMatch(/^tidings: .+$/);
    expect(lines.at(-1)).toContain(says);
  }
});

test("its help has examples", async () => {
  const { code, output } = await run(["listen", "--help"]);
  expect(code).toBe(0);
  expect(output).toContain("$ tidings listen --topic 'orders/*'");
  expect(output).toContain("--token is TIDINGS_TOKEN");
});
