import { expect, test } from "bun:test";
import { join } from "node:path";
import { binary } from "../e2e/binary.ts";
import { emptyFolder, newFile } from "../folder.ts";
import { startHub } from "../hub.ts";
import { busy, startFaultyHub } from "../sdk/faulty-hub.ts";
import { stored } from "../sdk/stored.ts";
import { until } from "../until.ts";
import { startOnTerminal } from "./terminal.ts";
import { run, start } from "./tidings.ts";

test("publishes an event to its topics and prints its id", async () => {
  const { url, broker } = startHub();
  const flags = ["--topic", "orders/1", "--topic", "orders/all", "--url", url];
  const { code, output } = await run(["publish", "order-created", '{"id":1}', ...flags]);
  expect(code).toBe(0);
  expect(await stored(url)).toEqual([{ id: output.trim(), type: "order-created", data: { id: 1 } }]);
  expect((await broker.log.read(0, 1)).entries[0]?.topics).toEqual(["orders/1", "orders/all"]);
});

test("ends topics, by a flag for one event or a member of a line", async () => {
  const { url } = startHub();
  expect((await run(["publish", "a", "1", "--topic", "x", "--end", "--url", url])).code).toBe(0);
  const after = await run(["publish", "a", "2", "--topic", "x", "--url", url]);
  expect([after.code, after.errors]).toEqual([2, expect.stringContaining('the topic "x" has ended')]);
  const line = '{"type":"a","data":1,"topic":"y","end":true}';
  expect((await run(["publish", "-", "--url", url], { input: line })).code).toBe(0);
  const lines = await run(["publish", "a", "-", "--topic", "z", "--end", "--url", url], { input: "1" });
  expect([lines.code, lines.errors]).toEqual([2, expect.stringContaining("--end is for a single event")]);
});

test("keeps current values, of one event or of each line that does not say otherwise", async () => {
  const { url } = startHub();
  const flags = ["--retain", "--url", url];
  expect((await run(["publish", "a", "1", ...flags])).code).toBe(0);
  expect((await run(["publish", "b", "-", "--topic", "x", ...flags], { input: "2\n3\n" })).code).toBe(0);
  const lines = ['{"type":"c","data":4}', '{"type":"d","data":5,"retain":false}'];
  expect((await run(["publish", "-", ...flags], { input: lines.join("\n") })).code).toBe(0);
  const line = '{"type":"e","data":6,"retain":true}\n{"type":"f","data":7}';
  expect((await run(["publish", "-", "--url", url], { input: line })).code).toBe(0);
  const { values } = (await (await fetch(`${url}/current`)).json()) as { values: { data: unknown }[] };
  expect(values.map(({ data }) => data)).toEqual([1, 3, 4, 6]);
  const wrong = await run(["publish", "-", ...flags], { input: '{"type":"c","data":4,"retain":1}' });
  expect(wrong.errors).toContain("/retain Expected true or false");
});

test("takes its flags from the environment, too; a flag wins", async () => {
  const { url } = startHub();
  const env = { TIDINGS_URL: url, TIDINGS_ID: "from-environment" };
  expect((await run(["publish", "n", "-1.5"], { env })).output).toBe("from-environment\n");
  expect((await run(["publish", "n", "2", "--id", "flag"], { env })).output).toBe("flag\n");
  expect((await stored(url)).map(({ data }) => data)).toEqual([-1.5, 2]);
});

test("passes on numbers of any size as they are written", async () => {
  const { url, broker } = startHub();
  await run(["publish", "n", "[1234567890123456789,1e999]", "--url", url]);
  await run(["publish", "-", "--url", url], { input: '{"type":"n","data":1234567890123456789}' });
  const { entries: held } = await broker.log.read(0, 2);
  expect(held.map(({ json }) => json)).toEqual(["[1234567890123456789,1e999]", "1234567890123456789"]);
});

test("shows its token", async () => {
  const { url, requests } = startFaultyHub(busy(401, "0"));
  const { code, errors } = await run(["publish", "n", "1", "--url", ` ${url} `], {
    env: { TIDINGS_TOKEN: "secret" },
  });
  expect(requests[0]?.headers.get("authorization")).toBe("Bearer secret");
  expect(code).toBe(1);
  expect(errors).toBe("tidings: busy\n");
});

test("takes text as it is, and data from a file or all of the input", async () => {
  const { url } = startHub();
  const pretty = JSON.stringify({ id: 1, items: [1] }, null, 2);
  const file = await newFile("order.json", `${pretty}\n`);
  expect((await run(["publish", "n", "--text", 'say "hello"', "--url", url])).code).toBe(0);
  expect((await run(["publish", "n", `@${file}`, "-u", url, "-t", "a", "-i", "x"])).output).toBe("x\n");
  expect((await run(["publish", "n", "@-", "--url", url], { input: pretty })).code).toBe(0);
  const data = { id: 1, items: [1] };
  expect((await stored(url)).map((event) => event.data)).toEqual(['say "hello"', data, data]);
});

test("a value over several lines is refused with what to do", async () => {
  const { url } = startHub();
  const { code, errors } = await run(["publish", "n", "-", "--url", url], { input: '{\n  "id": 1\n}\n' });
  expect(code).toBe(2);
  expect(errors).toBe(
    'tidings: line 1: not JSON: "{"; input is a value a line, as jq -c . makes it; @- instead of - takes all of it as one value\n',
  );
});

test("on a terminal it says how many clients the event is for", async () => {
  const { url, broker } = startHub();
  const onTerminal = () => startOnTerminal([binary, "publish", "n", "1", "--id", "x", "-u", url]);
  await onTerminal().shows("x\r\ntidings: nobody listens for it now");
  await onTerminal().shows("x\r\ntidings: the hub has had it before");
  start(["listen", "--url", url]);
  await until(() => broker.clientCount === 1);
  const { shows } = startOnTerminal([binary, "publish", "n", "2", "-u", url]);
  await shows("tidings: sent to 1 client");
});

test("what is wrong with the command line is told in one line, with code 2", async () => {
  const cases: [args: string[], says: string][] = [
    [
      ["order-created"],
      `give the data of order-created: JSON such as '{"id":1}', --text TEXT, @FILE, or - to read it from input`,
    ],
    [["n", "{oops"], `not JSON: "{oops"; names and texts need double quotes, '{"id":1}'`],
    [["n", "hello"], `not JSON: "hello"; text needs quotes of its own, '"hello"', or --text hello`],
    [["n", "hello world"], 'not JSON: "hello world"; text needs quotes of its own, or --text'],
    [["n", "1", "--text", "a"], "give the data once"],
    [["n", "@/nowhere.json"], "can't read the file /nowhere.json: there is no such file"],
    [["n", "1", "--nope"], "unknown option '--nope'"],
    [
      ["n", "1", "--url", "nowhere"],
      "Expected a URL such as http://127.0.0.1:3000 or unix:///run/tidings.sock.",
    ],
    [
      ["n", "1", "--url", "http://127.0.0.1:3000?x=1"],
      "Expected a URL such as http://127.0.0.1:3000 or unix:///run/tidings.sock.",
    ],
    [["n", "1", "--token", "secret\r"], "--token has spaces, line ends or other characters"],
    [["n", "1", "2"], "too many arguments"],
    [[], "missing required argument 'type'"],
    [["-", "1"], "after - there is no data to give"],
    [["-", "--id", "x"], "--id is for a single event"],
  ];
  for (const [args, says] of cases) {
    const { code, output, errors } = await run(["publish", ...args]);
    expect({ args, code, output }).toEqual({ args, code: 2, output: "" });
    expect(errors).toMatch(/^tidings: [^\n]+\n$/);
    expect(errors).toContain(says);
    expect(errors).not.toContain("secret");
  }
});

test("what the hub refuses is told with its failing paths, with code 2", async () => {
  const { url } = startHub();
  const bad = await run(["publish", "nav-badge-update", '{"path":1}', "--url", url]);
  expect(bad.code).toBe(2);
  expect(bad.errors).toContain("/data/badge");
  expect(bad.errors).toContain("/data/path Expected string");
  expect(bad.errors.trim().split("\n")).toHaveLength(1);

  await run(["publish", "n", "1", "--id", "x", "--url", url]);
  const conflict = await run(["publish", "n", "2", "--id", "x", "--url", url]);
  expect(conflict).toMatchObject({ code: 2, errors: expect.stringContaining("already used") });
  expect(await stored(url)).toHaveLength(1);
});

test("a hub that can't be reached is code 1", async () => {
  const { url, stop } = startHub();
  await stop();
  const { code, errors } = await run(["publish", "n", "1", "--url", url]);
  expect(code).toBe(1);
  expect(errors).toContain(`the hub can't be reached: ${url}/publish`);
});

test("reads whole events from standard input", async () => {
  const { url, broker } = startHub();
  const input = [
    '{"type":"a","data":"line\u2028separator","topics":["one"],"id":"first"}\r',
    "",
    '{"type":"b","data":null}',
  ].join("\n");
  const { code, output } = await run(["publish", "-", "--topic", "default", "--url", url], { input });
  expect(code).toBe(0);
  const events = await stored(url);
  expect(events.map(({ data }) => data)).toEqual(["line\u2028separator", null]);
  expect(output).toBe(`first\n${events[1]?.id}\n`);
  expect((await broker.log.read(0, 2)).entries.map(({ topics }) => topics)).toEqual([["one"], ["default"]]);
});

test("ten thousand lines go through in their order", async () => {
  const { url } = startHub();
  const numbers = Array.from({ length: 10_000 }, (_, n) => n);
  const { code, output } = await run(["publish", "n", "-", "--url", url], { input: numbers.join("\n") });
  expect(code).toBe(0);
  const events = await stored(url);
  expect(events.map(({ data }) => data)).toEqual(numbers);
  expect(output.trim().split("\n")).toEqual(events.map(({ id }) => id));
});

test("a line goes out when it comes, not when the input ends", async () => {
  const { url } = startHub();
  const publishing = start(["publish", "n", "-", "--url", url]);
  for (const n of [1, 2]) {
    publishing.write(`${n}\n`);
    expect(await publishing.line()).toBeString();
    expect(await stored(url)).toHaveLength(n);
  }
  publishing.endInput();
  expect(await publishing.exited).toBe(0);
});

test("a bad line is named by its number; those before it are published, none after it", async () => {
  const { url } = startHub();
  const event = (n: number) => `{"type":"n","data":${n}}\n`;
  const cases: [line: string, says: string][] = [
    ["nonsense", 'line 4: not JSON: "nonsense"'],
    ["[1]", "line 4: not an event"],
    ['{"type":"n"}', "line 4: /data is missing"],
    ["{", 'line 4: not JSON: "{"; input is an event a line, as jq -c . makes it'],
    ['{"type":"n","data":1,"id":null}', "line 4: /id Expected a text"],
    ['{"type":"n","data":1,"topcs":["a"]}', "line 4: The event does not match its schema: /topcs"],
    [
      '{"type":"trace-update","data":{"trace_id":"a"}}',
      "line 4: The event does not match its schema: /data/span_count missing",
    ],
  ];
  for (const [index, [line, says]] of cases.entries()) {
    const input = `${event(1)}\n${event(2)}${line}\n${event(3)}`;
    const { code, output, errors } = await run(["publish", "-", "--url", url], { input });
    expect(code).toBe(2);
    expect(errors).toContain(says);
    expect(output.trim().split("\n")).toHaveLength(2);
    expect(await stored(url)).toHaveLength((index + 1) * 2);
  }
});

test("goes on publishing when nobody reads the ids any more", async () => {
  const { url, broker } = startHub();
  const publishing = start(["publish", "n", "-", "--url", url]);
  publishing.write("1\n");
  await publishing.line();
  await publishing.closeOutput();
  for (const n of [2, 3, 4]) {
    publishing.write(`${n}\n`);
    await until(() => broker.totals.published === n);
  }
  publishing.endInput();
  expect(await publishing.exited).toBe(0);
});

test("on a terminal it shows how far it is instead of the ids", async () => {
  const { url } = startHub();
  const file = join(emptyFolder(), "lines.ndjson");
  await Bun.write(file, "1\n".repeat(2500));
  const command = [binary, "publish", "n", "-", "--url", url];
  const shown = await startOnTerminal([
    "sh",
    "-c",
    'input=$1; shift; exec "$@" < "$input"',
    "sh",
    file,
    ...command,
  ]).ended;
  expect(shown).toContain("2,500 events in ");
  const [event] = await stored(url);
  expect(shown).not.toContain(event?.id ?? "an event");
});

test("its help has examples", async () => {
  const { code, output } = await run(["publish", "--help"]);
  expect(code).toBe(0);
  expect(output).toContain("$ tidings publish greeting");
  expect(output).toContain("--token is TIDINGS_TOKEN");
});
