import { expect, test } from "bun:test";
import { createApp } from "../../../src/app.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { flagRemedies } from "../../../src/config/remedies.ts";
import { openAccess } from "../../../src/http/access/access.ts";
import { silent } from "../../../src/logger.ts";
import { defer } from "../../defer.ts";

const URL = "http://localhost/events";

/** An application that is asked within the process, and its broker. */
function startApp() {
  const broker = new Broker({ keepAlive: 0 });
  defer(() => broker.close());
  const app = createApp({ remedies: flagRemedies, logger: silent, broker, access: openAccess });
  const open = async (signal?: AbortSignal) => {
    const { body } = await app.handle(new Request(URL, signal ? { signal } : {}));
    if (!body) throw new Error("an answer without a body");
    const reader = body.getReader();
    await reader.read();
    return reader;
  };
  return { broker, open };
}

test("within the process: a request that is aborted takes its client with it", async () => {
  const { broker, open } = startApp();
  const stop = new AbortController();
  const reader = await open(stop.signal);
  expect(broker.clientCount).toBe(1);
  stop.abort();
  expect(broker.clientCount).toBe(0);
  expect(broker.totals.removed.disconnected).toBe(1);
  // And the stream ends.
  while (!(await reader.read()).done);
});

test("within the process: a reader that cancels takes its client with it", async () => {
  const { broker, open } = startApp();
  const reader = await open();
  expect(broker.clientCount).toBe(1);
  await reader.cancel();
  expect(broker.clientCount).toBe(0);
});

test("within the process: whoever reads on is one client, and reads what is published", async () => {
  const { broker, open } = startApp();
  const reader = await open();
  for (const data of ["a", "b"]) {
    await broker.publish({ type: "n", data });
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain(`data: "${data}"`);
  }
  expect(broker.totals.connected).toBe(1);
});

test("within the process: a signal that outlives the stream keeps nothing of it", async () => {
  const { broker, open } = startApp();
  const program = new AbortController();
  const added = new Set<unknown>();
  const { signal } = program;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: EventListener) => {
    added.add(listener);
    addEventListener.call(signal, type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    added.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  const reader = await open(signal);
  expect(added.size).toBe(1);
  const [client] = broker.clients;
  broker.removeClient(client?.id ?? "");
  while (!(await reader.read()).done);
  expect(added.size).toBe(0);
  program.abort();
  expect(broker.totals.removed).toMatchObject({ removed: 1, disconnected: 0 });
});

test("a request that is aborted before its stream begins is no client", async () => {
  const { broker, open } = startApp();
  const reader = await open(AbortSignal.abort()).catch(() => undefined);
  expect(await reader?.read()).not.toMatchObject({ done: false });
  expect(broker.totals.connected).toBe(0);
});
