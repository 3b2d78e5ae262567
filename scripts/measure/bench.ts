import { parseArgs } from "node:util";
import { cases, quickCases } from "./cases.ts";
import { chart } from "./chart.ts";
import { measure, type Result } from "./measure.ts";
import { machine, medianOf, type Row, table } from "./report.ts";
import type { Server } from "./server.ts";
import { floor, nchan, readPeer, tidings } from "./servers.ts";

const usage = `usage: scripts/bench [--quick] [--rounds <count>] [--nchan] [--peer <file.json>]... [--svg <file>] [--case <text>]

Measures the hub in dist/tidings (scripts/build makes it) beside a floor: a bare TCP loop in the same
runtime, which does nothing but write. All servers take turns in every round, and the figures are the
medians. On a machine that does other things too, trust the ratios.

  --quick     fewer events, one round, no more than 1,000 clients: under a minute
  --rounds    how often each case is measured; 3 by default
  --nchan     beside nginx with nchan: apt-get install nginx libnginx-mod-nchan
  --peer      beside a hub that runs already, which a file describes:
                {"name": "mine", "subscribe": "http://127.0.0.1:8000/events",
                 "publish": "http://127.0.0.1:8000/publish", "pids": [1234],
                 "contentType": "application/json", "headers": {}, "body": "{\\"data\\":{data}}"}
              {data} stands for an event's JSON, pids for the processes whose time is counted.
              For Mercure the body is topic=t&data={data}, the type application/x-www-form-urlencoded
              and a header "authorization".
  --svg       writes a chart
  --case      only cases whose name has this in it`;

function refuse(message: string): never {
  console.error(`bench: ${message}\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        rounds: { type: "string" },
        nchan: { type: "boolean", default: false },
        peer: { type: "string", multiple: true, default: [] },
        svg: { type: "string" },
        case: { type: "string", default: "" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const given = readArguments();
if (given.help) {
  console.log(usage);
  process.exit(0);
}
const rounds = Number(given.rounds ?? (given.quick ? 1 : 3));
if (!Number.isSafeInteger(rounds) || rounds < 1) refuse("--rounds is a whole number from 1");
const wanted = (given.quick ? quickCases : cases).filter(({ name }) => name.includes(given.case));
if (wanted.length === 0) refuse(`no case has ${JSON.stringify(given.case)} in its name`);
if (!(await Bun.file("dist/tidings").exists())) refuse("there is no dist/tidings; scripts/build makes it");
if (given.nchan && !Bun.which("nginx")) refuse("--nchan takes nginx, and there is none");
const servers: Server[] = [tidings, floor];
if (given.nchan) servers.push(nchan);
try {
  servers.push(...(await Promise.all(given.peer.map(readPeer))));
} catch (error) {
  refuse(error instanceof Error ? error.message : String(error));
}

const total = wanted.length * rounds * servers.length;
let done = 0;
const rows: Row[] = [];
for (const one of wanted) {
  const found = new Map<string, Result[]>(servers.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const server of servers) {
      progress(`[${++done}/${total}] ${one.name}, round ${round}: ${server.name}`);
      found.get(server.name)?.push(await measure(server, one));
    }
  }
  rows.push({ case: one, results: new Map([...found].map(([name, results]) => [name, medianOf(results)])) });
}
progress("");

console.log(machine());
console.log(`Medians of ${rounds} interleaved ${rounds === 1 ? "round" : "rounds"}.\n`);
console.log(table(rows, floor.name));
if (given.svg !== undefined) await Bun.write(given.svg, chart(rows, machine()));
process.exit(0);

/** On a terminal each takes the place of the one before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}
