import { expect, test } from "bun:test";
import { readFileSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Logger, silent } from "../../src/logger.ts";
import { AuditFile } from "../../src/server/audit-file.ts";
import { startConfigured } from "../configured.ts";
import { emptyFolder } from "../folder.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";

const KEY = "a-key-of-a-publisher";
const headers = { authorization: `Bearer ${KEY}` };

/** The lines of a file. One that is being written does not count yet. */
const linesOf = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("every event that is taken leaves a line, without its data; one that is refused leaves none", async () => {
  const path = join(emptyFolder(), "audit.log");
  writeFileSync(path, "", { mode: 0o644 });
  const { url } = await startConfigured(["--publish-key", KEY, "--audit", path]);
  const event = { type: "a", data: "s3cret é", topics: ["orders/1", "b"], id: "one" };
  await post(`${url}/publish`, event, headers);
  await post(`${url}/publish`, event, headers);
  await post(`${url}/publish`, { ...event, data: "other" }, headers);
  await post(`${url}/publish`, event);
  await post(
    `${url}/publish/batch`,
    [
      { type: "b", data: 1 },
      { type: "c", data: 2, topic: "t", private: true },
    ],
    headers,
  );
  await until(() => linesOf(path).length >= 4);
  const common = { time: expect.any(String), subject: expect.stringMatching(/^key:/), recipients: 0 };
  const account = expect.stringMatching(/^publish-key [0-9a-f]{8}$/);
  const rest = { ...common, account, private: false, duplicate: false, topics: [] };
  const one = { ...rest, id: "one", type: "a", topics: ["orders/1", "b"], bytes: 11 };
  expect(linesOf(path)).toEqual([
    one,
    { ...one, duplicate: true },
    { ...rest, id: expect.any(String), type: "b", bytes: 1 },
    { ...rest, id: expect.any(String), type: "c", bytes: 1, topics: ["t"], private: true },
  ]);
  expect(readFileSync(path, "utf8")).not.toContain("s3cret");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("at the level debug the log tells of every event that is taken, and not of its data", async () => {
  const lines: unknown[] = [];
  const logger: Logger = {
    ...silent,
    debug: (fields, message) => void (message === "published" && lines.push(fields)),
  };
  const { url } = await startConfigured(["--log-level", "debug"], logger);
  await post(`${url}/publish`, { type: "a", data: { secret: 1 }, topics: ["t"], id: "x" });
  expect(lines).toEqual([
    {
      subject: null,
      account: null,
      id: "x",
      type: "a",
      topics: ["t"],
      bytes: 12,
      private: false,
      recipients: 0,
      duplicate: false,
    },
  ]);
});

test("a file that was moved aside is let go when the hub is told to, and no line is lost or torn", async () => {
  const path = join(emptyFolder(), "audit.log");
  const { url, reload } = await startConfigured(["--audit", path]);
  let published = 0;
  const publishSome = async () => {
    const events = Array.from({ length: 500 }, () => ({ type: "a", data: published++ }));
    await post(`${url}/publish/batch`, events);
  };
  for (let round = 0; round < 5; round++) {
    const under = publishSome();
    renameSync(path, `${path}.${round}`);
    await Promise.all([reload(), under]);
  }
  const all = () => ["", ".0", ".1", ".2", ".3", ".4"].flatMap((end) => linesOf(`${path}${end}`));
  await until(() => all().length === published);
  expect(new Set(all().map(({ id }) => id)).size).toBe(published);
});

test("a file that can't be written to is one line at the start", async () => {
  await expect(startConfigured(["--audit", join(emptyFolder(), "no/where")])).rejects.toThrow(
    /^can't write to --audit .*: there is no such file or folder$/,
  );
});

test("a full disk holds nobody up, and is told of; what waited is written, what was lost is counted", async () => {
  const errors: string[] = [];
  const logger = { ...silent, error: (_: unknown, message: string) => void errors.push(message) };
  const path = join(emptyFolder(), "audit.log");
  // A disk that is always full.
  symlinkSync("/dev/full", path);
  const audit = await AuditFile.open(path, logger);
  const publication = {
    subject: "a",
    account: null,
    type: "a",
    topics: ["t".repeat(1000)],
    bytes: 1,
    private: false,
    recipients: 0,
    duplicate: false,
  };
  const count = 10_000;
  for (let i = 0; i < count; i++) audit.add({ ...publication, id: String(i) });
  await until(() => errors.includes("audit lines not written"));
  expect(errors.filter((message) => message === "audit lines are lost, too many wait")).toHaveLength(1);
  unlinkSync(path);
  await audit.reopen();
  await until(() => linesOf(path).some(({ lost }) => lost !== undefined));
  await audit.close();
  const lines = linesOf(path);
  const { lost } = lines.pop() ?? {};
  expect(lines.map(({ id }) => id)).toEqual(lines.map((_, i) => String(i)));
  expect(lines.length).toBeGreaterThan(1000);
  expect(lost).toBe(count - lines.length);
});
