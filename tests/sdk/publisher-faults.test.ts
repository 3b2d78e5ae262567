import { expect, test } from "bun:test";
import { type AnyEvents, createPublisher } from "tidings/sdk";
import { startHub } from "../hub.ts";
import { until } from "../until.ts";
import { startCutter } from "./cutter.ts";
import { failure } from "./failure.ts";
import { accepted, busy, never, startFaultyHub } from "./faulty-hub.ts";
import { stored } from "./stored.ts";

for (const status of [429, 503]) {
  test(`${status}: waits as long as Retry-After says, then sends the same event again`, async () => {
    const { url, requests } = startFaultyHub(busy(status, "1"), accepted);
    const started = performance.now();
    const { id } = await createPublisher<AnyEvents>({ url }).publish("a", 1);
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(requests).toHaveLength(2);
  });
}

test("Retry-After beyond a minute is left to the caller", async () => {
  const { url, requests } = startFaultyHub(busy(503, "3600"));
  const error = await failure(createPublisher<AnyEvents>({ url }).publish("a", 1));
  expect(error).toMatchObject({ status: 503, retryAfter: 3_600_000, problem: { title: "busy" } });
  expect(requests).toHaveLength(1);
});

test("gives up after its retries", async () => {
  const { url, requests } = startFaultyHub(busy(503, "0"));
  const error = await failure(createPublisher<AnyEvents>({ url, retries: 1 }).publish("a", 1));
  expect(error.status).toBe(503);
  expect(requests).toHaveLength(2);
});

test.each([403, 501])("a refusal with %d is not tried again", async (status) => {
  const { url, requests } = startFaultyHub(busy(status, "0"));
  expect((await failure(createPublisher<AnyEvents>({ url }).publish("a", 1))).status).toBe(status);
  expect(requests).toHaveLength(1);
});

test("an answer that does not come in time is asked for again", async () => {
  const { url, requests } = startFaultyHub(never, accepted);
  await createPublisher<AnyEvents>({ url, timeout: 200 }).publish("a", 1);
  expect(requests).toHaveLength(2);

  const error = await failure(
    createPublisher<AnyEvents>({ url: startFaultyHub(never).url, timeout: 20, retries: 0 }).publish("a", 1),
  );
  expect(error.status).toBe(0);
  expect(error.message).toContain("no answer within 20 ms");
});

test("an event whose answer is lost with the connection is published once", async () => {
  const { url } = startHub();
  const proxy = await startCutter(url);
  const hub = createPublisher<AnyEvents>({ url: proxy.url });
  expect(await hub.publish("a", 1)).toMatchObject({ duplicate: true });
  const [acknowledged] = await Array.fromAsync(
    createPublisher<AnyEvents>({ url: (await startCutter(url)).url }).publishStream([
      { type: "b", data: 2 },
      { type: "b", data: 3 },
    ]),
  );
  expect(acknowledged?.ids).toHaveLength(2);
  expect((await stored(url)).map(({ data }) => data)).toEqual([1, 2, 3]);
});

test("a hub that is not there is a TidingsError with status 0 and the cause", async () => {
  const { url, stop } = startHub();
  await stop();
  const error = await failure(createPublisher<AnyEvents>({ url, retries: 0 }).publish("a", 1));
  expect(error.status).toBe(0);
  expect(error.message).toContain(`${url}/publish`);
  expect(error.cause).toBeInstanceOf(Error);
});

test("something else at the address is told from a hub", async () => {
  const { url } = startFaultyHub(() => new Response("<h1>Welcome</h1>"));
  const error = await failure(createPublisher<AnyEvents>({ url }).publish("a", 1));
  expect(error.message).toContain("not a Tidings hub");
});

test("aborting ends the call with the signal's reason, on the way and while it waits to try again", async () => {
  for (const answer of [never, busy(503, "30")]) {
    const { url, requests } = startFaultyHub(answer);
    const stop = new AbortController();
    const call = createPublisher<AnyEvents>({ url }).publish("a", 1, { signal: stop.signal });
    await until(() => requests.length > 0);
    stop.abort(new Error("enough"));
    expect(call).rejects.toThrow("enough");
    expect(await call.catch(() => requests.length)).toBe(1);
  }
});

test("a token that is a function is asked again for every try, and may fail now and then", async () => {
  const { url, requests } = startFaultyHub(busy(503, "0"), accepted);
  let asked = 0;
  const token = async () => {
    asked++;
    if (asked === 2) throw new Error("the identity provider is away");
    return `t${asked}`;
  };
  await createPublisher<AnyEvents>({ url, token }).publish("a", 1);
  expect(requests.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer t1", "Bearer t3"]);
});

test("a stream's source is asked for no more than one event beyond the batch under way", async () => {
  const answer = Promise.withResolvers<Response>();
  const { url, requests } = startFaultyHub(() => answer.promise);
  let pulled = 0;
  function* source() {
    for (;;) yield { type: "n", data: pulled++ };
  }
  const acks = createPublisher<AnyEvents>({ url }).publishStream(source());
  const first = acks.next();
  await until(() => requests.length > 0);
  const batch = (await requests[0]?.request.json()) as { id: string }[];
  await Bun.sleep(20);
  expect(pulled).toBeLessThanOrEqual(batch.length + 1);
  answer.resolve(Response.json({ ids: batch.map(({ id }) => id), recipients: 0 }));
  expect((await first).value?.ids).toHaveLength(batch.length);
  await acks.return();
});

test("a batch that is too large for the hub is sent in parts", async () => {
  let largest = 0;
  const { url } = startFaultyHub(async (request) => {
    const body: unknown = await request.json();
    if (!Array.isArray(body)) return Response.json({ id: "single", recipients: 0 });
    largest = Math.max(largest, body.length);
    if (body.length > 300) return Response.json({ title: "too large" }, { status: 413 });
    return Response.json({ ids: body.map(({ id }) => id), recipients: 0 });
  });
  const events = Array.from({ length: 1000 }, (_, n) => ({ type: "n", data: n, id: `n${n}` }));
  const acks = await Array.fromAsync(createPublisher<AnyEvents>({ url }).publishStream(events));
  expect(acks.flatMap(({ ids }) => ids)).toEqual(events.map(({ id }) => id));
  expect(largest).toBe(1000);
});
