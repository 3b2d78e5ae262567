import { expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Broker } from "../../src/broker/broker.ts";
import { MemoryStore } from "../../src/log/memory-store.ts";
import { emptyFolder } from "../folder.ts";
import { ADMIN_KEY, PUBLISH_KEY, startKeyedHub } from "../http/keyed-hub.ts";
import { busy, startFaultyHub, stream } from "../sdk/faulty-hub.ts";
import { run } from "./tidings.ts";

class CopiedStore extends MemoryStore {
  override async backup(path: string): Promise<void> {
    await Bun.write(path, "a copy");
  }
}

test("writes the copy for nobody else to read, and overwrites nothing", async () => {
  const { url } = startKeyedHub({}, { broker: new Broker({ store: new CopiedStore() }) });
  const folder = emptyFolder();
  const file = join(folder, "copy.db");
  const args = ["backup", file, "--url", url, "--token", ADMIN_KEY];
  expect(await run(args)).toEqual({ code: 0, output: "", errors: "" });
  expect(await Bun.file(file).text()).toBe("a copy");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run(args)).toMatchObject({
    code: 2,
    errors: `tidings: ${file} exists already, and is not overwritten\n`,
  });
  expect(await readdir(folder)).toEqual(["copy.db"]);
});

test("a wrong file is code 2, a hub that refuses or is lost code 1; nothing is left behind", async () => {
  const folder = emptyFolder();
  const { url } = startKeyedHub({}, { broker: new Broker({ store: new CopiedStore() }) });
  const cases: [args: string[], code: number, says: string][] = [
    [["copy.sqlite", "--url", url], 2, "does not end in .db"],
    [["nowhere/copy.db", "--url", url], 2, "can't write to nowhere: there is no such file"],
    [["copy.db", "--url", url], 1, "Unauthorized"],
    [["copy.db", "--url", url, "--token", PUBLISH_KEY], 1, "Forbidden"],
    [["copy.db", "--url", "http://127.0.0.1:1"], 1, "connection refused"],
    [["copy.db", "--url", startFaultyHub(busy(503, "10")).url], 1, "busy"],
    [["copy.db", "--url", startFaultyHub(stream(["a"])).url], 1, "something else than a backup"],
  ];
  for (const [[file = "", ...args], code, says] of cases) {
    const ended = await run(["backup", join(folder, file), ...args]);
    expect(ended).toMatchObject({ code, output: "" });
    expect(ended.errors).toMatch(/^tidings: [^\n]+\n$/);
    expect(ended.errors).toContain(says.replace(" nowhere", ` ${join(folder, "nowhere")}`));
  }
  expect(await readdir(folder)).toEqual([]);
});
