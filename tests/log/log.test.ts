import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Log } from "../../src/log/log.ts";
import { SqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { emptyFolder } from "../folder.ts";
import { draft } from "./draft.ts";

const unheard = {
  recipients: () => 0,
  deliver() {},
  rolledBack() {},
  storeChanged() {},
  storeWarned() {},
  storeNoted() {},
  missed() {},
};

test("a store that keeps nothing finds out that it works again, however much is published", async () => {
  const path = join(emptyFolder(), "log.db");
  const log = new Log(new SqliteStore(path), unheard);
  await log.append([draft()]);
  rmSync(path);
  // What looks after the store, each second, is never alone in its turn.
  const publishAmidUpkeep = async () => {
    const both = await Promise.allSettled([log.append([draft()]), log.append([])]);
    return both.map(({ status }) => status);
  };
  expect(await publishAmidUpkeep()).toEqual(["rejected", "rejected"]);
  expect(await publishAmidUpkeep()).toEqual(["fulfilled", "fulfilled"]);
  await log.close();
});
