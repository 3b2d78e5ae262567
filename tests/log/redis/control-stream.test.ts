import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { ControlStream, controlEntriesOf } from "../../../src/log/redis/control-stream.ts";
import { defer } from "../../defer.ts";
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
