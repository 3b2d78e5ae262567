import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { groupsWithin, named, quick } from "../../scripts/measure/cases.ts";
import { peers } from "../../scripts/measure/peers.ts";
import { protocolOf } from "../../scripts/measure/protocols.ts";
import { familyOf, usageOf } from "../../scripts/measure/usage.ts";
import { emptyFolder } from "../folder.ts";
import { ended } from "../program.ts";

const script = join(import.meta.dir, "../../scripts/measure/bench.ts");

/** Runs the bench where no program is on the PATH. */
async function bench(...args: string[]) {
  const command = [process.execPath, script, ...args];
  const child = Bun.spawn(command, { env: { PATH: emptyFolder() }, stdio: ["ignore", "pipe", "pipe"] });
  return ended(child);
}

describe("flags", () => {
  test("--help names a flag for each peer, and the program that it takes", async () => {
    const { output, code } = await bench("--help");
    expect(code).toBe(0);
    for (const { name, program } of peers) {
      expect(output).toContain(`[--${name}]`);
      expect(output).toContain(program);
    }
  });

  test.each(peers.map(({ name, program }) => [name, program]))(
    "--%s without %s on the PATH is code 2",
    async (name, program) => {
      const { errors, code } = await bench(`--${name}`);
      expect(code).toBe(2);
      expect(errors).toStartWith(`bench: --${name} takes ${program}, which is not on the PATH\n`);
    },
  );
});

describe("cases", () => {
  const groups = groupsWithin(20_000, "1");
  const names = (text: string) => named(groups, text).flatMap(({ cases }) => cases.map(({ name }) => name));

  test("a case comes with the one that it is compared with", () => {
    expect(names("64 publishers, 2 workers")).toEqual([
      "1,000 clients, 64 publishers, one process",
      "1,000 clients, 64 publishers, 2 workers",
    ]);
    expect(names("batches, in memory, 2 workers")).toEqual([
      "batches, in memory",
      "batches, in memory, 2 workers",
    ]);
  });

  test("names are unique, and each base is a case of the same group, also when it has to be quick", () => {
    for (const some of [groups, quick(groups)]) {
      const all = some.flatMap(({ cases }) => cases.map(({ name }) => name));
      expect(new Set(all).size).toBe(all.length);
      for (const { cases } of some) {
        const own = cases.map(({ name }) => name);
        for (const { base } of cases) if (base !== undefined) expect(own).toContain(base);
      }
    }
  });

  test("the largest has more clients than one process may have files, and no worker has too many", () => {
    for (const limit of [500, 19_800]) {
      const [largest] = named(groupsWithin(limit, "1"), "one event").flatMap(({ cases }) => cases);
      expect(largest?.clients).toBeGreaterThan(limit);
      expect((largest?.clients ?? 0) / (largest?.workers ?? 1)).toBeLessThan(limit);
    }
  });
});

describe("protocols", () => {
  const nats = protocolOf({ protocol: "nats", hostname: "127.0.0.1", port: 4222 });

  test("NATS: each event is a message, and one PING asks whether all are done", () => {
    expect(nats.publish([{ topic: "a", data: '{"n":1}' }])).toBe('PUB a 7\r\n{"n":1}\r\nPING\r\n');
    const two = nats.publish([
      { topic: "a", data: "1" },
      { topic: "b", data: "22" },
    ]);
    expect(two).toBe("PUB a 1\r\n1\r\nPUB b 2\r\n22\r\nPING\r\n");
  });

  test("NATS: a reader's stream has begun with the PONG, in whatever pieces it comes", () => {
    expect(nats.hasBegun('INFO {"port":4222}\r\n')).toBe(false);
    expect(nats.hasBegun('INFO {"port":4222}\r\nPON')).toBe(false);
    expect(nats.hasBegun('INFO {"port":4222}\r\nPONG\r\n')).toBe(true);
    expect(() => nats.hasBegun("-ERR 'Authorization Violation'\r\n")).toThrow("Authorization Violation");
  });

  test("HTTP: a stream has begun with its first line, and any but 200 is told", () => {
    const http = protocolOf({
      protocol: "http",
      hostname: "127.0.0.1",
      port: 80,
      subscribe: "/{topic}",
      publish: "/{topic}",
      contentType: "text/plain",
      headers: {},
      body: "{data}",
    });
    expect(http.hasBegun("HTTP/1.1 2")).toBe(false);
    expect(http.hasBegun("HTTP/1.1 200 OK\r\n")).toBe(true);
    expect(() => http.hasBegun("HTTP/1.1 503 Busy\r\n")).toThrow("a stream was refused: HTTP/1.1 503 Busy");
    expect(() => http.isAnswered("HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n")).toThrow(
      "an event was refused",
    );
  });
});

describe("usage", () => {
  /** A process whose child works for 0.4 s of CPU, and says so then. */
  const parent = `
    const work = "for (let used; (used = process.cpuUsage()).user + used.system < 400_000; );";
    const rest = "console.log('done'); setInterval(() => {}, 1000)";
    Bun.spawn([process.execPath, "-e", work + rest], { stdio: ["ignore", "inherit", "ignore"] });
    setInterval(() => {}, 1000);`;

  test("what a process started counts as its own, and each process once", async () => {
    const child = Bun.spawn([process.execPath, "-e", parent], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await child.stdout.getReader().read();
      const [own, worker] = familyOf([child.pid]);
      expect(own).toBe(child.pid);
      const alone = await usageOf([worker ?? 0]);
      const both = await usageOf([child.pid]);
      expect(alone.cpu).toBeGreaterThan(0.25);
      expect(both.cpu).toBeGreaterThanOrEqual(alone.cpu);
      expect(both.memory).toBeGreaterThan(alone.memory);
      expect((await usageOf([child.pid, worker ?? 0])).cpu).toBeLessThan(both.cpu + 0.25);
    } finally {
      for (const pid of familyOf([child.pid])) process.kill(pid, "SIGKILL");
      await child.exited;
    }
  });

  test("a process that has ended is an error, and not nothing", async () => {
    const child = Bun.spawn([process.execPath, "-e", "0"]);
    await child.exited;
    await expect(usageOf([child.pid])).rejects.toThrow("has ended");
  });
});
