import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { Broker } from "../../../src/broker/broker.ts";
import type { BrokerOptions } from "../../../src/broker/options.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { defer } from "../../defer.ts";
import { emptyFolder } from "../../folder.ts";
import { until } from "../../until.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";

const MiB = 1024 ** 2;

/** A store of one's own, whose copy is large, and is made when the test says so. */
class CopiedStore extends MemoryStore {
  readonly asked = Promise.withResolvers<void>();
  readonly copied = Promise.withResolvers<void>();

  override async backup(path: string): Promise<void> {
    this.asked.resolve();
    await this.copied.promise;
    await Bun.write(path, new Uint8Array(20 * MiB).fill(7));
  }
}

function startHub(options: BrokerOptions = {}) {
  const store = new CopiedStore();
  const backupFolder = emptyFolder();
  const { url } = startKeyedHub({}, { broker: new Broker({ store, ...options }), backupFolder });
  const ask = (key = ADMIN_KEY) => fetch(`${url}/backup`, { headers: bearer(key) });
  return { url, ask, backupFolder, asked: store.asked.promise, copied: store.copied };
}

test("administrators get the copy that the store makes; nothing of it stays behind", async () => {
  const { ask, backupFolder, copied } = startHub();
  copied.resolve();
  for (let n = 0; n < 2; n++) {
    const answer = await ask();
    expect(answer.headers.get("content-type")).toBe("application/vnd.sqlite3");
    const bytes = await answer.bytes();
    expect(bytes.length).toBe(20 * MiB);
    expect(bytes.every((byte) => byte === 7)).toBeTrue();
    expect(await readdir(backupFolder)).toEqual([]);
  }
});

test("nobody else does", async () => {
  const { url, ask } = startHub();
  await problemOf(await fetch(`${url}/backup`), 401);
  await problemOf(await ask(PUBLISH_KEY), 403);
});

test("there is one at a time, also after somebody has left in the middle of it", async () => {
  const { ask, copied } = startHub();
  const first = ask();
  await until(async () => {
    const second = await ask();
    await second.body?.cancel();
    return second.status === 503 && second.headers.get("retry-after") === "10";
  });
  copied.resolve();
  await (await first).body?.cancel();
  await until(async () => {
    const next = await ask();
    await next.body?.cancel();
    return next.status === 200;
  });
});

test("one who asks for it and does not read keeps nobody else from it for long", async () => {
  const { url, ask, asked, copied } = startHub({ stallTimeout: 500 });
  const { hostname, port } = new URL(url);
  const reader = connect(Number(port), hostname);
  defer(() => void reader.destroy());
  reader.pause();
  reader.write(`GET /backup HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`);
  await asked;
  copied.resolve();
  await problemOf(await ask(), 503);
  await until(async () => {
    const next = await ask();
    await next.body?.cancel();
    return next.status === 200;
  });
  // What the first one then reads does not end as a whole copy does.
  let end = "";
  reader.on("data", (chunk) => {
    end = (end + chunk.toString("latin1")).slice(-5);
  });
  reader.on("error", () => {});
  reader.resume();
  await new Promise((resolve) => reader.on("close", resolve));
  expect(end).not.toBe("0\r\n\r\n");
});

test("a failure is told, and ends nothing", async () => {
  const { ask, backupFolder, copied } = startHub();
  copied.promise.catch(() => {});
  copied.reject(new Error("the disk is full"));
  await problemOf(await ask(), 500);
  await problemOf(await ask(), 500);
  expect(await readdir(backupFolder)).toEqual([]);
});
