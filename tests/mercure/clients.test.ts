import { expect, test } from "bun:test";
import { EventSource } from "eventsource";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { pythonless, runPython } from "../e2e/python.ts";
import { newFile } from "../folder.ts";
import { until } from "../until.ts";
import { open, SECRET, sign, startMercure } from "./mercure-hub.ts";

// Clients of that protocol as their registries have them: those in Python speak the dialect before version 1.

async function startOld() {
  const { url } = await startConfigured(["--jwt-key", SECRET, "--mercure-compat"]);
  return `${url}/.well-known/mercure`;
}

async function python(script: string): Promise<string> {
  const file = await newFile("script.py", script);
  const { code, output, errors } = await runPython(".", "python", file);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  return output;
}

const subscriber = (...topics: string[]) => sign({ old: { subscribe: topics }, header: { typ: "JWT" } });

test.skipIf(pythonless)(
  "mercure-publisher publishes, also private updates",
  async () => {
    const hub = await startOld();
    const stream = await open(
      `${hub}?topic=https://e.com/{id}&authorization=${await subscriber("https://e.com/{id}")}`,
    );
    const output = await python(`
from mercure_publisher import MercureConfig, MercurePublishError, MercurePublisher
config = MercureConfig(hub_url="${hub}", publisher_jwt_key="${SECRET}", publish_topics=["https://e.com/{id}"])
publisher = MercurePublisher(config)
print(publisher.publish(["https://e.com/1", "https://e.com/2"], {"a": 1}, private=True, id="urn:x:1", type="added", retry=5))
try:
    publisher.publish("other", "x")
except MercurePublishError as error:
    print(error.status_code)
`);
    expect(output).toBe("urn:x:1\n403\n");
    await until(() => stream.events.length === 1);
    expect(stream.events).toEqual([{ id: "urn:x:1", event: "added", retry: "5", data: '{"a": 1}' }]);
  },
  60_000,
);

test.skipIf(pythonless)(
  "pymercure publishes, and receives",
  async () => {
    const hub = await startOld();
    const token = await sign({ old: { publish: ["*"] }, header: { typ: "JWT" } });
    const output = await python(`
import threading
from pymercure.consumer import Consumer
from pymercure.exceptions import UnauthorizedPublisherError
from pymercure.message import Message
from pymercure.publisher.sync import SyncPublisher
received = threading.Event()
messages = []
# Two threads that print would mix their lines.
def callback(message):
    messages.append(message)
    received.set()
consumer = Consumer("${hub}", ["https://e.com/{id}"], callback)
consumer.daemon = True
consumer.start_consumption()
print(SyncPublisher("${hub}", "${token}").publish(Message(["https://e.com/1"], "line 1\\nline 2", message_id="one", event_type="added")))
received.wait(20)
for message in messages:
    print(message.message_id, message.event_type, message.data)
try:
    SyncPublisher("${hub}", "a.b.c").publish(Message(["x"], "x"))
except UnauthorizedPublisherError:
    print("unauthorized")
`);
    expect(output.split("\n").sort()).toEqual(["", "line 2", "one", "one added line 1", "unauthorized"]);
  },
  60_000,
);

test.skipIf(pythonless)(
  "flask-mercure-sse publishes, signs for its pages, and knows who is connected",
  async () => {
    const hub = await startOld();
    const old = { subscribe: ["news"], payload: { user: "ann" } };
    const page = await open(`${hub}?topic=news&authorization=${await sign({ old })}`);
    const output = await python(`
from flask import Flask
from flask_mercure_sse import MercureSSE
app = Flask("pages")
app.config["SECRET_KEY"] = "${SECRET}"
mercure = MercureSSE(app, hub_url="${hub}")
with app.app_context():
    mercure.publish("news", {"a": 1}, private=True, id="one")
    print(mercure.create_subscription_jwt("news"))
    print([mercure.is_connected("news", user=user) for user in ["ann", "bob"]])
    print(mercure.get_subscriptions("other")["lastEventID"])
`);
    const [token, connected, cursor] = output.split("\n");
    expect(connected).toBe("[True, False]");
    expect(cursor).toMatch(/^#[a-z]{12}-1$/);
    await until(() => page.events.length === 1);
    const stream = await open(`${hub}?topic=news&lastEventID=earliest&authorization=${token}`);
    await until(() => stream.events.length === 1);
    expect(stream.events).toEqual([{ id: "one", data: '{"a": 1}' }]);
  },
  60_000,
);

test("eventsource receives private updates with a header, and goes on where it was", async () => {
  const { hub, publish, broker } = await startMercure();
  const details = [
    { actions: ["subscribe"], topics: [{ match: "https://e.com/:id", match_type: "urlpattern" }] },
  ];
  const token = await sign({ details });
  const source = new EventSource(`${hub}?match_urlpattern=https://e.com/:id`, {
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
  });
  defer(() => source.close());
  const received: string[] = [];
  source.addEventListener("message", ({ data, lastEventId }) => received.push(`${data} ${lastEventId}`));
  await until(() => broker.clientCount === 1);
  await publish("topic=https://e.com/1&private=on&data=first&id=one&retry=10");
  await until(() => received.length === 1);
  for (const { id } of broker.clients) broker.removeClient(id);
  await publish("topic=https://e.com/2&private=on&data=second&id=two");
  await until(() => received.length === 2);
  expect(received).toEqual(["first one", "second two"]);
});
