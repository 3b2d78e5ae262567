import { parseArgs } from "node:util";
import { groupsWithin, MOST_CLIENTS, named, quick } from "./cases.ts";
import { chart } from "./chart.ts";
import { installedDialect } from "./mercure.ts";
import { openFileLimit } from "./open-files.ts";
import { readPeer } from "./peer-file.ts";
import { peers } from "./peers.ts";
import { loadOf, machine, markdown } from "./report.ts";
import type { Server } from "./server.ts";
import { floor, tidings } from "./servers.ts";
import { takeTurns } from "./turns.ts";

const usage = `usage: scripts/bench [--quick] [--rounds <count>] [--nchan] [--mercure] [--centrifugo] [--nats]
                     [--peer <file.json>]... [--svg <file>] [--case <text>]

Measures the hub in dist/tidings (scripts/build makes it) beside a floor: a bare TCP loop in the same
runtime, which does nothing but write. In every round all servers take turns, each freshly started and
warmed up; their CPU time is that of their own processes and all that these started. Figures are medians
over the rounds, ratios medians of each round's ratio. On a machine that does other things too, trust the
ratios. All cases take about eleven minutes, and three more for each peer.

  --quick       fewer events, one round, and no 5,000 clients: about two minutes
  --rounds      how often each case is measured; 3 by default
  --nchan       beside nginx with nchan: apt-get install nginx libnginx-mod-nchan
  --mercure     beside Mercure's hub, with its transport in memory: a program "mercure" on the PATH, whose
                version of the protocol is spoken
  --centrifugo  beside Centrifugo, with its engine in memory: "centrifugo" on the PATH
  --nats        beside NATS, which keeps nothing: "nats-server" on the PATH. Its readers and publishers
                speak its own protocol; an event is acknowledged when a PING behind it is answered
  --peer        beside a hub that runs already, which a file describes:
                  {"name": "mine", "subscribe": "http://127.0.0.1:8000/events?topic={topic}",
                   "publish": "http://127.0.0.1:8000/publish", "pids": [1234],
                   "contentType": "application/json", "headers": {},
                   "body": "{\\"topic\\":\\"{topic}\\",\\"data\\":{data}}"}
                {data} stands for an event's JSON, {topic} for its topic's name (without it the hub has no
                part in the case with many), pids for the processes whose time and memory are counted,
                with all that they started
  --svg         writes a chart of what is drawn well: fan-out and publishing
  --case        only the case of that name, or all that have it in theirs, and what these are compared with

With a program "redis-server" on the PATH, the hub and Centrifugo are also measured as two nodes and one
Redis, which the bench starts. Everything is published at one node, and read at the other.

Peers use as many processors as they like, except nchan: compare by CPU, not by the clock.`;

/** Files that a process has open beside its connections. */
const SPARE_FILES = 200;

const LEAST_CLIENTS = 100;

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
        mercure: { type: "boolean", default: false },
        centrifugo: { type: "boolean", default: false },
        nats: { type: "boolean", default: false },
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
const openFiles = await openFileLimit();
const clientLimit = openFiles - SPARE_FILES;
if (clientLimit < LEAST_CLIENTS) refuse(`only ${openFiles} files may be open (ulimit -n), which is too few`);
const every = groupsWithin(clientLimit, installedDialect);
const wanted = named(given.quick ? quick(every) : every, given.case);
if (wanted.length === 0) refuse(`no case has ${JSON.stringify(given.case)} in its name`);
const servers: Server[] = [tidings, floor];
for (const peer of peers.filter(({ name }) => given[name])) {
  if (!Bun.which(peer.program)) refuse(`--${peer.name} takes ${peer.program}, which is not on the PATH`);
  servers.push(peer);
}
if (!(await Bun.file("dist/tidings").exists())) refuse("there is no dist/tidings; scripts/build makes it");
try {
  servers.push(...(await Promise.all(given.peer.map(readPeer))));
} catch (error) {
  refuse(error instanceof Error ? error.message : String(error));
}

const { tables, missing, failed } = await takeTurns(wanted, servers, rounds, clientLimit, progress);
progress("");

console.log(`${machine()}
Medians of ${rounds} interleaved ${rounds === 1 ? "round" : "rounds"}, ratios within a round; in brackets the least and the most
where one is more than a tenth away.
`);
for (const table of tables) console.log(`${markdown(table)}\n`);
const limited =
  clientLimit < MOST_CLIENTS &&
  `Only ${openFiles} files may be open (ulimit -n): no process has more than ${clientLimit} clients.`;
for (const line of [loadOf(tables), limited, ...missing]) if (line) console.log(line);
const drawn = tables.filter(({ group }) => group.drawn).flatMap(({ rows }) => rows);
if (given.svg !== undefined) await Bun.write(given.svg, chart(drawn, machine()));
process.exit(failed ? 1 : 0);

/** On a terminal each takes the place of the one before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}
