import { expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { parseRedisAddress } from "../../../src/log/redis/address.ts";
import { Connection } from "../../../src/log/redis/connection.ts";
import { unfitness } from "../../../src/log/redis/fitness.ts";
import { missingRights, RIGHTS } from "../../../src/log/redis/rights.ts";
import { emptyFolder } from "../../folder.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisPrograms, startRedis } from "./redis-server.ts";

const SOURCES = `${import.meta.dir}/../../../src/log/redis`;
/** Words of the scripts in capitals that are options of a command, and no commands. */
const OPTIONS = ["COUNT", "LIMIT", "MAXLEN", "MINID", "STREAM", "WITHSCORES"];
/** Of Sentinels, who have users of their own. */
const OF_SENTINELS = ["SENTINEL"];

/** The commands that there is a right for. */
const allowed = new Set(RIGHTS.map((right) => right.slice(1).replace(/\|.*/, "").toUpperCase()));

/** The user of the manual, as `ACL SETUSER` takes them. */
async function manualUser(): Promise<readonly string[]> {
  const manual = await Bun.file(`${SOURCES}/../../manual/nodes.md`).text();
  return /^ACL SETUSER hub (.*)$/m.exec(manual)?.[1]?.split(" ") ?? [];
}

test("the rights are those of all commands that the scripts and the nodes run", async () => {
  const used = new Set<string>();
  for await (const name of new Bun.Glob("scripts/**/*.lua").scan(SOURCES)) {
    const script = (await Bun.file(join(SOURCES, name)).text()).replace(/--.*/g, "");
    // A command may be passed on: so each word in capitals is one, unless it is known to be none.
    for (const [, word = ""] of script.matchAll(/["']([A-Z]{2,})["']/g)) {
      if (!OPTIONS.includes(word)) used.add(word);
    }
    expect(script).not.toMatch(/redis\.p?call\(\s*["'](?![A-Z]+["'])/);
  }
  for await (const name of new Bun.Glob("*.ts").scan(SOURCES)) {
    const source = await Bun.file(join(SOURCES, name)).text();
    for (const [, word = ""] of source.matchAll(/\.send\(\s*"([A-Za-z]+)"/g)) {
      if (!OF_SENTINELS.includes(word)) used.add(word.toUpperCase());
    }
  }
  expect([...allowed].sort()).toEqual([...used].sort());
});

test("the manual has all rights, and no others", async () => {
  const [on, password, resetkeys, keys, none, ...rights] = await manualUser();
  expect([on, password, resetkeys, keys, none]).toEqual([
    "on",
    ">PASSWORD",
    "resetkeys",
    "~{tidings}:*",
    "-@all",
  ]);
  expect(rights).toEqual([...RIGHTS]);
});

for (const program of redisPrograms) {
  test(`each right that is missing is named, and to ask changes nothing, in ${program}`, async () => {
    const { url, port } = await startRedis({ program });
    const address = parseRedisAddress(`redis://hub:pw@127.0.0.1:${port}?prefix=shop`);
    const [host] = address.hosts;
    const admin = new RedisClient(url);
    const setUser = (rights: readonly string[]): Promise<unknown> =>
      admin.send("ACL", ["SETUSER", "hub", "on", ">pw", "resetkeys", "-@all", ...rights]);
    await setUser([]);
    if (!host) throw new Error("no host");
    const connection = await Connection.open(host, address);
    const ask = async (rights: readonly string[], replicas = 1): Promise<string | undefined> => {
      await setUser(rights);
      return missingRights(connection, address, replicas);
    };
    const keys = "~{shop}:*";
    const without = (right: string) => RIGHTS.filter((each) => each !== right);

    expect(await ask([keys, ...RIGHTS])).toBeUndefined();
    expect(await ask([keys, ...without("+wait")], 0)).toBeUndefined();
    for (const right of ["+config|get", "+select"])
      expect(await ask([keys, ...without(right)])).toBeUndefined();
    await setUser([keys, ...without("+select")]);
    expect(await missingRights(connection, { ...address, database: 1 }, 0)).toBe(
      "the user hub of Redis lacks +select: ACL SETUSER hub +select",
    );
    for (const right of RIGHTS) {
      if (["+config|get", "+select", "+eval"].includes(right)) continue;
      const expected = `the user hub of Redis lacks ${right}: ACL SETUSER hub ${right}`;
      expect(await ask([keys, ...without(right)])).toBe(expected);
    }
    expect(await ask([keys, ...RIGHTS.filter((right) => !/add/.test(right))])).toBe(
      "the user hub of Redis lacks +xadd, +zadd: ACL SETUSER hub +xadd +zadd",
    );
    // Then nothing else can be asked. What the message tells to do is enough.
    for (const rights of [[], [keys], RIGHTS, ["~{shop}:log", ...RIGHTS], [keys, ...without("+eval")]]) {
      const told = await ask(rights);
      const granted = /: ACL SETUSER hub (.*)$/.exec(told ?? "")?.[1]?.split(" ") ?? [];
      const more = rights.includes(keys) ? [] : [keys];
      expect(await ask([...rights, ...granted, ...more])).toBeUndefined();
    }
    expect(await admin.send("DBSIZE", [])).toBe(0);
    connection.close();
    admin.close();
  });

  test(`commands and databases that a server does not have are named, in ${program}`, async () => {
    expect(await unfitness(`${(await startRedis({ program })).url}/16`, 0)).toStartWith(
      "this Redis has no database 16: ",
    );
    const lacking = async (...names: readonly string[]): Promise<string | undefined> => {
      const args = names.flatMap((name) => ["--rename-command", name, ""]);
      return unfitness((await startRedis({ program, args })).url, 1);
    };
    const reasons = await Promise.all([
      lacking("ZMSCORE", "XADD"),
      lacking("EVAL"),
      lacking("EVALSHA", "WAIT"),
    ]);
    for (const [i, names] of ["XADD, ZMSCORE", "EVAL", "EVALSHA, WAIT"].entries())
      expect(reasons[i]).toStartWith(`this Redis has no ${names}: `);
  });

  test(`the rights of the manual are enough for all that a hub does, in ${program}`, async () => {
    const user = (await manualUser()).map((word) => (word === ">PASSWORD" ? ">pw" : word));
    const args = ["--appendonly", "yes", "--user", "hub", ...user];
    const redis = await startRedis({ program, args });
    await beginLog(redis.url);
    const url = `redis://hub:pw@127.0.0.1:${redis.port}`;
    const options = { bounds: { events: 2000 }, currentBounds: { values: 2 }, endedTopics: 1 };
    const [a, b] = await Promise.all([
      new HubNode(url, options).started(),
      new HubNode(url, options).started(),
    ]);
    for (const { store } of [a, b]) expect(store.engine.state).toBe("open");

    await a.log.append([draft({ id: "one" }), draft({ id: "mine", topics: ["t"], retain: true })]);
    await b.log.append(Array.from({ length: 1500 }, (_, i) => draft({ id: `e${i}` })));
    expect((await b.log.append([draft({ id: "one" })]))[0]?.duplicate).toBeTrue();
    for (const topic of ["u", "v", "w"]) await a.log.append([draft({ topics: [topic], retain: true })]);
    expect(await b.log.clearCurrent("t", "w")).toBeTrue();
    for (const topic of ["x", "y"]) await b.log.append([draft({ topics: [topic], end: true })]);
    expect(await a.log.openTopic("y")).toBeTrue();
    const erased = await a.log.locate("mine", () => true);
    expect(await a.log.erase(erased ?? 0)).toBeTrue();
    await a.store.backup(join(emptyFolder(), "copy.db"));
    // What is past the bounds leaves the log.
    const long = draft({ json: JSON.stringify("x".repeat(100_000)), topics: ["z"], retain: true });
    for (let i = 0; i < 14; i++) await b.log.append([long]);
    await b.log.append(Array.from({ length: 2000 }, () => draft()));

    await redis.kill();
    await until(() => a.store.engine.state === "away");
    await redis.restart();
    await until(() => [a, b].every(({ store }) => store.engine.state === "open"));
    await b.log.append([draft({ id: "after" })]);
    await until(() => a.ids.includes("after"));

    const admin = new RedisClient(redis.url);
    await admin.send("FLUSHALL", []);
    await b.log.append([draft({ id: "anew" })]);
    await until(() => a.ids.includes("anew"));
    expect(
      [a, b].flatMap(({ warnings }) => warnings).filter((text) => /right|NOPERM|ACL/.test(text)),
    ).toEqual([]);
    admin.close();
  });
}
