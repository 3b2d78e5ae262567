import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { ControlStream, controlEntriesOf } from "../../../src/log/redis/control-stream.ts";
import { defer } from "../../defer.ts";
import { until } from "../../until.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";

test.skipIf(redisProgram === undefined)(
  "entries that Redis refuses are told of once, and leave out their numbers",
  async () => {
    const { url } = await startRedis();
    const client = new RedisClient(url);
    defer(() => client.close());
    const control = new ControlStream("control", () => ({
      send: (command, args) => client.send(command, [...args]),
    }));
    const refusals: string[] = [];
    control.refused = (error) => refusals.push(String(error));
    const add = async (message: string) => {
      control.add(message);
      await control.flush();
    };
    await client.set("control", "not a stream");
    await add("1");
    await add("2");
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain("WRONGTYPE");
    await client.del("control");
    await add("3");
    const entries = controlEntriesOf(await client.send("XRANGE", ["control", "-", "+"]));
    expect(entries.map(({ entry }) => [entry.fields.get("s"), entry.fields.get("m")])).toEqual([
      ["3", "[3]"],
    ]);
    await client.set("control", "not a stream");
    await add("4");
    expect(refusals).toHaveLength(2);
  },
);

test.skipIf(redisProgram === undefined)(
  "a node that has missed entries knows whether it was silent or Redis was emptied",
  async () => {
    const { url } = await startRedis();
    await beginLog(url);
    const client = new RedisClient(url);
    defer(() => client.close());
    const { store } = await new HubNode(url).started();
    const missed: string[] = [];
    store.control.missed = (why) => missed.push(why);
    const key = "{tidings}:control";
    const script =
      "for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], 'MAXLEN', '~', 4096, ARGV[2] + i, 'm', '[]') end";
    /** Writes entries at once, as if this were so many milliseconds after now. */
    const write = async (count: number, later: number) => {
      await client.send("EVAL", [script, "1", key, `${count}`, `${Date.now() + later}`]);
      const [newest] = controlEntriesOf(await client.send("XREVRANGE", [key, "+", "-", "COUNT", "1"]));
      await until(() => store.control.cursor === newest?.id);
    };
    await write(1, 0);
    await write(1, 1000);
    expect(missed).toEqual([]);
    await write(6000, 2000);
    expect(missed).toEqual(["silent"]);
    await client.send("FLUSHALL", []);
    await write(1, 20_000);
    expect(missed).toEqual(["silent", "emptied"]);
  },
);
