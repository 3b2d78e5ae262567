import { expect, test } from "bun:test";
import { RedisClient } from "bun";
import { parseRedisAddress, RedisAddressError } from "../../../src/log/redis/address.ts";
import { diagnose } from "../../../src/log/redis/diagnosis.ts";
import { explain } from "../../../src/log/redis/failure.ts";
import { OutcomeUnknown } from "../../../src/log/store.ts";
import { defer } from "../../defer.ts";
import { emptyFolder, newFile } from "../../folder.ts";
import { freePort } from "../../free-port.ts";
import { until } from "../../until.ts";
import { draft } from "../draft.ts";
import { beginLog } from "./begin-log.ts";
import { HubNode } from "./hub-node.ts";
import { redisProgram, startRedis } from "./redis-server.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const withRedis = test.skipIf(redisProgram === undefined);

/** What a node says when it can't use its Redis. */
async function reasonOf(url: string): Promise<string> {
  const node = new HubNode(url);
  return until(() => node.store.engine.reason);
}

test("an address names hosts, the user, the database and the hub", async () => {
  const file = await newFile("password", " s3cret \n");
  expect(parseRedisAddress("redis://h")).toMatchObject({
    hosts: [{ hostname: "h", port: 6379 }],
    prefix: "tidings",
  });
  expect(parseRedisAddress(`rediss://me:a%40b@h:1/2?prefix=x`)).toMatchObject({
    ...{ tls: true, username: "me", password: "a@b", database: 2, prefix: "x" },
  });
  expect(parseRedisAddress(`redis://h?password_file=${file}`).password).toBe(" s3cret ");
  expect(parseRedisAddress("redis+sentinel://a,b:7,[::1]/main/3")).toMatchObject({
    hosts: [
      { hostname: "a", port: 26379 },
      { hostname: "b", port: 7 },
      { hostname: "[::1]", port: 26379 },
    ],
    ...{ master: "main", database: 3 },
  });
  for (const wrong of [
    "redis://",
    "redis://a,b",
    "redis+sentinel://a",
    "redis://h/x",
    "redis://h?prefx=a",
    "rediss://h?ca=/none",
    `rediss://h?ca=${file}`,
    `redis://h?ca=${import.meta.path}`,
    "redis://h:0",
    "redis://:%zz@h",
    `redis://h?password_file=${await newFile("empty", "\n")}`,
    "redis://h:65536",
  ]) {
    expect(() => parseRedisAddress(wrong)).toThrow(RedisAddressError);
  }
  for (const wrong of [
    "redis://secret@h",
    "rediss+sentinel://secret:@h/main",
    "redis:/u:secret@h",
    "redis://:a/secret@h",
    "redis://:a@secret@h",
  ])
    expect(() => parseRedisAddress(wrong)).toThrow(/^((?!secret).)*$/);
});

test("a host that is not there is told from one that nothing listens on", async () => {
  expect(await reasonOf(`redis://127.0.0.1:${freePort()}`)).toContain("nothing listens there");
  expect(await reasonOf("redis://no-such-host.invalid")).toContain("no host of that name");
});

withRedis("a wrong password, a missing one, and TLS that is not there are told apart", async () => {
  const { port } = await startRedis({ args: ["--requirepass", "right"] });
  expect(await reasonOf(`redis://:wrong@127.0.0.1:${port}`)).toContain("refuses the user or the password");
  expect(await reasonOf(`redis://127.0.0.1:${port}`)).toContain("wants a password");
  const node = await new HubNode(`redis://:right@127.0.0.1:${port}`).started();
  expect(node.store.engine.state).toBe("open");
});

test("what answers, and is no Redis, is named so", async () => {
  const other = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n") },
  });
  defer(() => other.stop(true));
  expect(await reasonOf(`redis://127.0.0.1:${other.port}`)).toContain("does not speak the protocol of Redis");
});

test("a proxy whose Redis is down is not taken for one that wants TLS", async () => {
  const proxy = new TcpProxy(freePort());
  expect(await reasonOf(proxy.url)).toContain("or be a proxy whose Redis is down");
});

test("who takes the password has not answered all that it was asked", async () => {
  const server = Bun.listen({
    ...{ hostname: "127.0.0.1", port: 0 },
    socket: { data: (socket) => void socket.end("+OK\r\n") },
  });
  defer(() => server.stop(true));
  const address = parseRedisAddress(`redis://hub:pw@127.0.0.1:${server.port}/1`);
  const reason = await diagnose({ hostname: "127.0.0.1", port: server.port }, address);
  expect(reason).toContain("closed the connection");
});

withRedis("a Redis that speaks no TLS is told from one that has stopped", async () => {
  const [plain, stopped] = await Promise.all([startRedis(), startRedis()]);
  stopped.process.kill("SIGSTOP");
  const reason = (url: string): Promise<string> => {
    const address = parseRedisAddress(url);
    return diagnose({ hostname: "127.0.0.1", port: Number(url.split(":")[2]) }, address);
  };
  const reasons = [plain, stopped].map(({ port }) => reason(`rediss://127.0.0.1:${port}`));
  expect(await reasons[0]).toContain("speaks no TLS");
  expect(await reasons[1]).toContain("it may have stopped");
});

withRedis("a user without +ping, which a hub does not need, is not told to lack a right", async () => {
  const { url, port } = await startRedis();
  const admin = new RedisClient(url);
  await admin.send("ACL", ["SETUSER", "hub", "on", ">pw", "~*", "+@all", "-ping"]);
  const address = parseRedisAddress(`redis://hub:pw@127.0.0.1:${port}`);
  expect(await diagnose({ hostname: "127.0.0.1", port }, address)).toEndWith("and answers now");
  admin.close();
});

withRedis("a Redis of another kind is named so", async () => {
  const config = await newFile("sentinel.conf", "sentinel monitor main 127.0.0.1 1 1\n");
  const port = freePort();
  const sentinel = Bun.spawn([redisProgram ?? "", config, "--sentinel", "--port", `${port}`]);
  defer(async () => {
    sentinel.kill();
    await sentinel.exited;
  });
  const [cluster, replica, plain] = await Promise.all([
    startRedis({ args: ["--cluster-enabled", "yes"] }),
    startRedis({ args: ["--replicaof", "127.0.0.1", "1"] }),
    startRedis(),
  ]);
  expect(await reasonOf(cluster.url)).toContain("part of a Redis Cluster");
  expect(await reasonOf(replica.url)).toContain("it is a replica");
  expect(await reasonOf(`redis+sentinel://127.0.0.1:${plain.port}/main`)).toContain("is no Sentinel");
  const node = new HubNode(`redis://127.0.0.1:${port}`);
  await until(() => node.store.engine.reason?.includes("this is a Sentinel"));
});

withRedis("a Redis that takes no writes at present says why", async () => {
  const client = new RedisClient((await startRedis()).url);
  const explained = async (reply: string): Promise<string> => {
    const error: unknown = await client.send("EVAL", ["return {err = ARGV[1]}", "0", reply]).catch((e) => e);
    return explain(error).message;
  };
  expect(await explained("LOADING Redis is loading the dataset in memory")).toContain("still loading");
  expect(await explained("NOREPLICAS Not enough good replicas to write.")).toContain("min-replicas-to-write");
  expect(await explained("BUSY Redis is busy running a script.")).toContain("run one script for seconds");
  expect(await explained("MASTERDOWN Link with MASTER is down")).toContain("lost its master");
  const readOnly = "READONLY You can't write against a read only replica.";
  expect(await explained(readOnly)).toContain("looking for the new one");
  const unblocked =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
  expect(await explained(unblocked)).toBe("the master is read only: looking for the new one");
  // So before version 7.
  const wrapped = `ERR Error running script (call to f_1f76da): @user_script:896: @user_script: 896: -${readOnly}`;
  expect(await explained(wrapped)).toContain("looking for the new one");
});

withRedis("a node that may not read the log never says that it works", async () => {
  const { url, port } = await startRedis();
  await beginLog(url);
  const admin = new RedisClient(url);
  await admin.send("ACL", ["SETUSER", "hub", "on", ">pw", "~*", "+@all", "-xread"]);
  const node = new HubNode(`redis://hub:pw@127.0.0.1:${port}`);
  expect(await until(() => node.store.engine.reason)).toContain("+xread");
  expect(node.log.started).toBe(false);
  await admin.send("ACL", ["SETUSER", "hub", "+xread"]);
  await until(() => node.store.engine.state === "open");
  admin.close();
});

withRedis("what a script had begun when it failed may have been kept", async () => {
  const { url, port } = await startRedis();
  await beginLog(url);
  const admin = new RedisClient(url);
  await admin.send("ACL", ["SETUSER", "hub", "on", ">pw", "~*", "+@all"]);
  const node = await new HubNode(`redis://hub:pw@127.0.0.1:${port}`).started();
  const append = () => node.log.append([draft({ id: "a" })]).catch(({ cause }: Error) => cause);
  await admin.send("ACL", ["SETUSER", "hub", "-zcard"]);
  expect(await append()).toBeInstanceOf(OutcomeUnknown);
  await until(() => node.store.engine.reason?.includes("lacks +zcard"));
  await admin.send("ACL", ["SETUSER", "hub", "+zcard"]);
  await until(() => node.store.engine.state === "open");
  expect(await append()).toMatchObject([{ position: 1, duplicate: true }]);
  await admin.send("CONFIG", ["SET", "maxmemory", "1"]);
  expect(String(await node.log.append([draft()]).catch(({ cause }: Error) => cause))).toContain(
    "memory is full",
  );
  admin.close();
});

withRedis("a Sentinel that wants a password is named", async () => {
  const port = freePort();
  const file = await newFile("sentinel.conf", `port ${port}\nbind 127.0.0.1\nrequirepass pw\n`);
  const sentinel = Bun.spawn([redisProgram ?? "", file, "--sentinel"], { stdout: "ignore" });
  defer(async () => sentinel.kill());
  const node = new HubNode(`redis+sentinel://127.0.0.1:${port}/main`);
  await until(() => node.store.engine.reason?.includes(`127.0.0.1:${port} wants a password`));
});

withRedis("a missing right is named", async () => {
  const { url, port } = await startRedis();
  await beginLog(url);
  const admin = new RedisClient(url);
  await admin.send("ACL", ["SETUSER", "hub", "on", ">pw", "~*", "+@all", "-info"]);
  expect(await reasonOf(`redis://hub:pw@127.0.0.1:${port}`)).toContain("+info");
  await admin.send("ACL", ["SETUSER", "hub", "+info", "-xadd", "-config"]);
  const node = new HubNode(`redis://hub:pw@127.0.0.1:${port}`);
  expect(await until(() => node.store.engine.reason)).toContain("lacks +xadd: ACL SETUSER hub +xadd");
  expect(node.store.engine.state).toBe("away");
  // It goes on by itself when the right is there, and notices when it is taken away.
  await admin.send("ACL", ["SETUSER", "hub", "+xadd"]);
  await until(() => node.store.engine.state === "open");
  await node.log.append([draft()]);
  expect(node.notes.join()).toMatch(/at most snapshots are on disk.*CONFIG is not allowed/);
  await admin.send("ACL", ["SETUSER", "hub", "-xadd"]);
  await expect(node.log.append([draft()])).rejects.toThrow();
  await until(() => node.store.engine.reason?.includes("lacks +xadd"));
  await admin.send("ACL", ["SETUSER", "hub", "+xadd", "-select"]);
  expect(await reasonOf(`redis://hub:pw@127.0.0.1:${port}/1`)).toContain("ACL SETUSER hub +select");
  expect(await reasonOf(`${url}/99`)).toContain("has no database 99");
  await beginLog(`${url}/1`);
  const other = await new HubNode(`${url}/1`).started();
  expect([node.log.head, other.log.head]).toEqual([1, 0]);
});

withRedis("a policy that evicts keys without a time to live is refused", async () => {
  const { url } = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
  expect(await reasonOf(url)).toContain("allkeys-lru");
});

withRedis("what Redis promises is said once, in one line", async () => {
  const { url } = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "everysec"] });
  await beginLog(url);
  const node = await new HubNode(url).started();
  expect(node.warnings).toEqual([]);
  expect(node.notes).toHaveLength(1);
  expect(node.notes[0]).toMatch(/^(Redis|Valkey) \d.*appendfsync everysec.*no replica$/);
});

withRedis("a policy that evicts keys with a time to live is warned of", async () => {
  const { url } = await startRedis({ args: ["--maxmemory-policy", "volatile-lru"] });
  await beginLog(url);
  const node = await new HubNode(url).started();
  expect(node.warnings).toEqual([expect.stringContaining("maxmemory-policy volatile-lru")]);
  expect(node.notes).toHaveLength(1);
});

// Some builds speak no TLS.
const speaksTls = Bun.spawnSync(["grep", "-qa", "SSL_CTX_set_verify", redisProgram ?? ""]).exitCode === 0;
test.skipIf(!speaksTls)("a certificate that is not trusted is told from one that is", async () => {
  const folder = emptyFolder();
  const args =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"];
  expect(Bun.spawnSync(["openssl", ...args.split(" "), ...names], { cwd: folder }).exitCode).toBe(0);
  const tlsPort = freePort();
  const tls = [
    "--tls-port",
    `${tlsPort}`,
    "--tls-auth-clients",
    "no",
    "--tls-ca-cert-file",
    `${folder}/cert.pem`,
  ];
  const { url } = await startRedis({
    args: [...tls, "--tls-cert-file", `${folder}/cert.pem`, "--tls-key-file", `${folder}/key.pem`],
  });
  await beginLog(url);
  expect(await reasonOf(`rediss://localhost:${tlsPort}`)).toContain("certificate is not trusted");
  const ca = `${folder}/cert.pem`;
  expect(await reasonOf(`rediss://127.0.0.1:${tlsPort}?ca=${ca}`)).toContain("for another host");
  expect(await reasonOf(`redis://localhost:${tlsPort}`)).toContain("may want TLS");
  const admin = new RedisClient(url);
  await admin.send("CONFIG", ["SET", "tls-auth-clients", "yes"]);
  expect(await reasonOf(`rediss://localhost:${tlsPort}?ca=${ca}`)).toContain("set tls-auth-clients to no");
  await admin.send("CONFIG", ["SET", "tls-auth-clients", "no"]);
  admin.close();
  const again = "openssl x509 -in cert.pem -signkey key.pem -days -1 -out past.pem";
  expect(Bun.spawnSync(again.split(" "), { cwd: folder }).exitCode).toBe(0);
  const expired = Bun.listen({
    ...{ hostname: "localhost", port: 0, socket: { data() {} } },
    tls: { key: Bun.file(`${folder}/key.pem`), cert: Bun.file(`${folder}/past.pem`) },
  });
  defer(() => expired.stop(true));
  const expiredUrl = `rediss://localhost:${expired.port}?ca=${folder}/past.pem`;
  expect(await reasonOf(expiredUrl)).toContain("certificate has expired");
  const node = await new HubNode(`rediss://localhost:${tlsPort}?ca=${folder}/cert.pem`).started();
  expect(node.store.engine.state).toBe("open");
});
