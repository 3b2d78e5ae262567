import { expect, test } from "bun:test";
import { Broker } from "../../../src/broker/broker.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { startHub } from "../../hub.ts";
import { postText } from "../../post.ts";

/** A logger that keeps what it is told. */
function recordedLog() {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}

const publish = (url: string, body: string, headers: Record<string, string> = {}) =>
  postText(`${url}/publish`, body, headers);

test("an answer repeats the request's id, in its header and in a problem", async () => {
  const { url } = startHub();
  const headers = { "x-request-id": "from-the-proxy" };
  const kept = await publish(url, '{"type":"a","data":1}', headers);
  expect([kept.status, kept.headers.get("x-request-id")]).toEqual([200, "from-the-proxy"]);
  const refused = await publish(url, "{", headers);
  expect([refused.status, refused.headers.get("x-request-id")]).toEqual([400, "from-the-proxy"]);
  expect(await refused.json()).toMatchObject({ status: 400, request_id: "from-the-proxy" });
  const stream = await fetch(`${url}/events`, { headers });
  expect(stream.headers.get("x-request-id")).toBe("from-the-proxy");
  await stream.body?.cancel();
});

test.each(["", "with space", "é", "x".repeat(129)])(
  "a refusal has an id of its own instead of %j",
  async (given) => {
    const { url } = startHub();
    const ids = [];
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${url}/nowhere`, { headers: { "x-request-id": given } });
      const { request_id } = (await response.json()) as { request_id: string };
      expect(response.headers.get("x-request-id")).toBe(request_id);
      expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
      ids.push(request_id);
    }
    expect(new Set(ids).size).toBe(2);
  },
);

test("a refused publish is a line at info, with the id that its publisher was told", async () => {
  const { lines, logger } = recordedLog();
  const { url } = startHub({ logger });
  const { request_id } = (await (await publish(url, '{"type":"connected","data":1}')).json()) as {
    request_id: string;
  };
  const refused = lines.filter(({ message }) => message === "refused");
  expect(refused).toMatchObject([
    { level: "info", fields: { request_id, method: "POST", path: "/publish", status: 422 } },
  ]);
});

test("a page of another origin is refused like any other: counted, and with an id", async () => {
  const { lines, logger } = recordedLog();
  const { url } = startHub({ logger });
  const refused = await publish(url, '{"type":"a","data":1}', { origin: "http://evil.example" });
  const { request_id } = (await refused.json()) as { request_id: string };
  expect([refused.status, refused.headers.get("x-request-id")]).toEqual([403, request_id]);
  expect(lines).toMatchObject([{ level: "info", fields: { request_id, path: "/publish", status: 403 } }]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^tidings_refused_total\{[^}]*status="403"[^}]*\} 1$/m);
});

test("a client gone wild does not fill the log, nor does a disk that is full", async () => {
  const { lines, logger } = recordedLog();
  const store = new MemoryStore();
  const works = store.append.bind(store);
  const { url } = startHub({ broker: new Broker({ store, logger }), logger });
  for (let i = 0; i < 200; i++) await publish(url, "{");
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(Array(10).fill("info refused"));
  store.append = () => {
    throw new Error("disk full");
  };
  for (let i = 0; i < 200; i++) await publish(url, '{"type":"a","data":1}');
  // The failure is one error, and is not drowned by what it refuses.
  const failures = lines.filter(({ level }) => level === "error");
  expect(failures.map(({ message }) => message)).toEqual(["store fails"]);
  const refused = lines.filter(({ fields }) => fields["status"] === 503);
  expect(refused.map(({ level, fields }) => `${level} ${fields["reason"]}`)).toEqual(
    Array(200).fill("debug disk full"),
  );
  // How many these were is told at the end.
  store.append = works;
  await publish(url, '{"type":"a","data":1}');
  expect(lines.at(-1)).toMatchObject({
    level: "info",
    message: "store works again",
    fields: { refused: 200 },
  });
});

test("no line has a query, which may hold a ticket", async () => {
  const { lines, logger } = recordedLog();
  const { url } = startHub({ logger });
  await fetch(`${url}/nowhere?ticket=s3cret`);
  await fetch(`${url}/events?topic=%00&ticket=s3cret`);
  expect(lines.length).toBe(2);
  expect(JSON.stringify(lines)).not.toContain("s3cret");
});

test("a store that fails is told of everywhere, until it works again", async () => {
  const { lines, logger } = recordedLog();
  const store = new MemoryStore();
  const broker = new Broker({ store, logger });
  const { url } = startHub({ broker, logger });
  const works = store.append.bind(store);
  const event = '{"type":"a","data":1}';
  const ready = async () => (await fetch(`${url}/readyz`)).status;
  const failing = async () =>
    ((await (await fetch(`${url}/status`)).json()) as { store: { failing: boolean } }).store.failing;

  expect([await ready(), await failing()]).toEqual([200, false]);
  store.append = () => {
    throw new Error("disk full");
  };
  const refused = await publish(url, event);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await refused.text()).not.toContain("disk");
  expect([await ready(), await failing()]).toEqual([503, true]);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain("tidings_store_failing 1\n");
  const [line] = lines.filter(({ level }) => level === "error");
  expect(line?.fields["error"]).toEqual(new Error("disk full"));

  store.append = works;
  expect((await publish(url, event)).status).toBe(200);
  expect([await ready(), await failing()]).toEqual([200, false]);
});

test("a store that can't be read is a 503 on every route that reads it", async () => {
  const store = new MemoryStore();
  const { url } = startHub({ broker: new Broker({ store }) });
  await publish(url, '{"type":"a","data":1}');
  store.read = store.locate = () => {
    throw new Error("disk gone");
  };
  for (const path of ["/history", "/history?after=x", "/console/events/x"]) {
    const refused = await fetch(url + path);
    expect([path, refused.status, refused.headers.get("retry-after")]).toEqual([path, 503, "1"]);
    expect(await refused.text()).not.toContain("disk");
  }
});
