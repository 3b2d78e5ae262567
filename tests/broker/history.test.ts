import { expect, test } from "bun:test";
import { HistoryPage } from "../../src/broker/history.ts";
import { Log } from "../../src/log/log.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import type { Bounds } from "../../src/log/store.ts";
import { turn } from "../../src/timers.ts";
import { draft } from "../log/draft.ts";

function logOf(bounds: Partial<Bounds> = {}): Log {
  const listener = {
    recipients: () => 0,
    deliver() {},
    missed() {},
    rolledBack() {},
    storeFails() {},
    storeWorks() {},
    storeWarned() {},
    storeNoted() {},
  };
  return new Log(new MemoryStore(bounds), listener);
}
const pageOf = (log: Log, after: number, limit = 10) =>
  new HistoryPage(log, { topics: [], types: [] }, { after, limit, toText: ({ json }) => json });

test("a page is empty when all that was to be on it has gone meanwhile, and says what is missing", async () => {
  const log = logOf({ events: 0 });
  await log.append([draft()]);
  const page = pageOf(log, 0);
  expect(await page.next()).toBeUndefined();
  expect(page).toMatchObject({ position: 1, more: false, missing: { from: 1, to: 1 } });
  await log.close();
});

test("a page that is trimmed while it is read ends before what is missing, which the next one tells of", async () => {
  const log = logOf({ events: 1000 });
  await log.append(Array.from({ length: 1000 }, (_, n) => draft({ json: `"${n}${"x".repeat(1000)}"` })));
  const page = pageOf(log, 0, 1000);
  expect((await page.next())?.length).toBeLessThan(70_000);
  page.forget();
  const { position } = page;
  await log.append(Array.from({ length: 500 }, () => draft()));
  expect(await page.next()).toBeUndefined();
  expect(page).toMatchObject({ position, more: true, missing: undefined });
  const next = pageOf(log, position, 1);
  await next.next();
  expect(next).toMatchObject({ position: 501, missing: { from: position + 1, to: 500 } });
  await log.close();
});

test("what is read ahead and forgotten is read again: nothing comes twice or never", async () => {
  const log = logOf();
  await log.append(Array.from({ length: 600 }, (_, n) => draft({ json: `[${n},"${"x".repeat(2000)}"]` })));
  const page = pageOf(log, 0, 500);
  let text = "";
  for (let piece = await page.next(); piece !== undefined; piece = await page.next()) {
    text += piece;
    if (text.length % 2 === 0) page.forget();
  }
  const numbers = (JSON.parse(`[${text}]`) as [number, string][]).map(([n]) => n);
  expect(numbers).toEqual(Array.from({ length: 500 }, (_, n) => n));
  expect(page).toMatchObject({ position: 500, more: true });
  await log.close();
});

test("a search that finds nothing lets others have their turn", async () => {
  const log = logOf();
  await log.append(Array.from({ length: 5000 }, () => draft({ type: "other" })));
  const interest = { topics: [], types: ["wanted"] };
  const page = new HistoryPage(log, interest, { after: 0, limit: 10, toText: ({ json }) => json });
  let turns = 0;
  let isDone = false;
  const search = page.next().finally(() => {
    isDone = true;
  });
  for (; !isDone; turns++) await turn();
  expect(await search).toBeUndefined();
  expect(turns).toBeGreaterThan(10);
  await log.close();
});
