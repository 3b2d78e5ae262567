import { expect, test } from "bun:test";
import { readHistory } from "../../src/broker/history.ts";
import { Log } from "../../src/log/log.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { draft } from "../log/draft.ts";

test("a page is empty when all that was to be on it has gone meanwhile", async () => {
  const log = new Log(new MemoryStore({ events: 0 }), {
    recipients: () => 0,
    deliver() {},
    rolledBack() {},
    storeChanged() {},
  });
  await log.append([draft()]);
  const page = await readHistory(log, { topics: [], types: [] }, { after: 0, limit: 10 });
  expect(page).toEqual({ entries: [], next: log.place(1), more: false });
  await log.close();
});
