import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { Broker } from "../../../src/broker/broker.ts";
import { MemoryStore } from "../../../src/log/memory-store.ts";
import { emptyFolder } from "../../folder.ts";
import { until } from "../../until.ts";
import { ADMIN_KEY, bearer, PUBLISH_KEY, startKeyedHub } from "../keyed-hub.ts";
import { problemOf } from "../problem.ts";

const MiB = 1024 ** 2;

/** A store of one's own, whose copy is large, and is made when the test says so. */
class CopiedStore extends MemoryStore {
  readonly copied = Promise.withResolvers<void>();

  override async backup(path: string): Promise<void> {
    await this.copied.promise;
    await Bun.write(path, new Uint8Array(20 * MiB).fill(7));
  }
}

function startHub() {
  const store = new CopiedStore();
  const backupFolder = emptyFolder();
  const { url } = startKeyedHub({}, { broker: new Broker({ store }), backupFolder });
  const ask = (key = ADMIN_KEY) => fetch(`${url}/backup`, { headers: bearer(key) });
  return { url, ask, backupFolder, copied: store.copied };
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

test("a failure is told, and ends nothing", async () => {
  const { ask, backupFolder, copied } = startHub();
  copied.promise.catch(() => {});
  copied.reject(new Error("the disk is full"));
  await problemOf(await ask(), 500);
  await problemOf(await ask(), 500);
  expect(await readdir(backupFolder)).toEqual([]);
});
