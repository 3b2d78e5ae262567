import { expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { optionTable, tableIn } from "../../scripts/option-table.ts";
import { browserless, openPage } from "../browser.ts";
import { emptyFolder } from "../folder.ts";
import { until } from "../until.ts";
import { sectionsOf } from "./markdown.ts";
import { otherPorts, type Running, Shell } from "./shell.ts";

/**
 * Everything in the README is run: each section's files are written into an empty folder, and each
 * line of its `sh` blocks is run there, in order, with the executable on the PATH. Only the ports
 * are others.
 *
 * To add a command to the README, add it to its section below, with what it shows. A command that
 * is not there fails the test, and so does one that is there and not in the README.
 *  - `shows`: what its output must match. The test goes on when it does.
 *  - `keeps`: it runs on until the end of the section, as in a terminal of its own.
 *  - `later`: what the output of one that keeps running must match before the section ends.
 *  - `writes`: a file that it writes and that names a port.
 *  - `after`: something more to do when it has shown what it should.
 * A file is a block with its name after the language: ```ts app.ts
 */
interface Step {
  readonly shows?: RegExp;
  readonly keeps?: true;
  readonly later?: RegExp;
  readonly writes?: string;
  readonly after?: (hub: Hub) => Promise<unknown>;
}
interface Scenario {
  /** It is about a checkout, and runs in this one. */
  readonly inCheckout?: true;
  readonly steps: Readonly<Record<string, Step>>;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "Run it": {
    inCheckout: true,
    steps: {
      "scripts/start": { keeps: true, shows: /Tidings .* on http/ },
      'export PATH="$PWD/dist:$PATH"': {},
      "tidings listen": {
        keeps: true,
        after: (hub) => hub.hasClients(1),
        later: /\tgreeting\t-\t"hello"[\s\S]*\tgreeting\t-\t"hello"[\s\S]*\thealth-update\t/,
      },
      "dist/tidings publish greeting --text hello": { shows: /^\S+\n$/ },
      "curl -N http://127.0.0.1:3000/events": {
        keeps: true,
        shows: /event: connected/,
        later: /event: greeting\ndata: "hello"/,
      },
      'curl http://127.0.0.1:3000/publish -H \'content-type: application/json\' -d \'{"type":"greeting","data":"hello"}\'':
        { shows: /"recipients":2/ },
      "scripts/publish": { keeps: true, shows: / load .*, memory .*, disk / },
    },
  },
  "Show events on a page": {
    steps: {
      "tidings serve --cors-origin http://localhost:8080": { keeps: true, shows: /Tidings/ },
      "npx --yes sirv-cli@3.0.1 . --host localhost --port 8080": {
        keeps: true,
        shows: /ready/,
        after: (hub) => hub.openPage(),
      },
      "tidings publish greeting --text 'hello, browser' --topic greetings": {
        shows: /^\S+\n$/,
        after: (hub) => hub.pageShows("hello, browser"),
      },
    },
  },
  "Publish and read from a typed script": {
    steps: {
      "tidings init demo": {
        // What it says next is what is run next.
        shows:
          /^ {2}cd demo\n {2}npm install\n {2}tidings serve --events events\.ts --cors-origin http:\/\/localhost:8080\n[\s\S]*^ {2}npm start\n {2}npm run page\n[\s\S]*^ {2}BUN_BE_BUN=1 tidings install\n {2}BUN_BE_BUN=1 tidings publish\.ts\n/m,
        writes: "demo/package.json",
      },
      "cd demo": {},
      "npm install": {},
      "tidings serve --events events.ts --cors-origin http://localhost:8080": {
        keeps: true,
        shows: /Tidings/,
      },
      "npx tsc && node build/hello.js": {
        shows:
          /^published as \S+\n422 \[ \{ path: '\/data\/total', message: '.*' \} \]\norder 1 over 9\.50 €\n$/,
      },
      "npm start": { keeps: true, shows: /order 1 published to 0 clients/ },
      "npm run page": {
        keeps: true,
        shows: /ready/,
        after: async (hub) => {
          await hub.openPage();
          await hub.pageShows(/Order \d+ over [\d.]+ €/);
          await hub.pageShows(/Order \d+ is on its way by bike/);
        },
      },
      "BUN_BE_BUN=1 tidings install": {},
      "BUN_BE_BUN=1 tidings publish.ts": { keeps: true, shows: /order 1 published to \d+ clients/ },
    },
  },
  "Serve a hub from your own Elysia application": {
    steps: {
      "tidings init app": {},
      "cd app": {},
      "bun add elysia@1.4.30": { shows: /installed elysia/ },
      "bun app.ts": { keeps: true, after: (hub) => hub.answers("/live/status") },
      "curl -N 'http://127.0.0.1:3000/live/events?topic=orders/*'": {
        keeps: true,
        shows: /event: order-shipped\ndata: {"id":1,"carrier":"bike"}/,
      },
      "bun add @elysiajs/stream@1.1.0": { shows: /installed @elysiajs\/stream/ },
      "bun stream.ts": { keeps: true, after: (hub) => hub.listens("http://127.0.0.1:8080") },
      "curl -N http://127.0.0.1:8080/orders/1/events": {
        keeps: true,
        shows: /event: order-packed\ndata: {"boxes":2}/,
      },
    },
  },
  "Publish many events, from anywhere": {
    steps: {
      "tidings serve --strict": { keeps: true, shows: /Tidings/ },
      "curl -s 'http://127.0.0.1:3000/publish?type=nav-badge-update' -d path=/inbox -d badge=3": {
        shows: /^{"id":"[^"]+","recipients":0}$/,
      },
      [String.raw`printf '%s\n' '{"type":"nav-badge-update","data":{"path":"/inbox","badge":"1"}}' '{"type":"nav-badge-update","data":{"path":"/inbox","badge":"2"}}' | tidings publish -`]:
        { shows: /^\S+\n\S+\n$/ },
      [String.raw`printf '%s\n' '{"type":"nav-badge-update","data":{"path":"/inbox","badge":""}}' '{"type":"misspelt","data":1}' | curl -sN -T . -X POST -H 'content-type: application/x-ndjson' http://127.0.0.1:3000/publish/stream`]:
        { shows: /^{"id":.*}\n{.*"status":422,.*"line":2}\n$/m },
      "tidings catalog": { shows: /"health-update"/ },
    },
  },
  "Give new readers the current values": {
    steps: {
      "tidings serve --store events.db": { keeps: true, shows: /Tidings/ },
      'tidings publish health-update \'{"overall_status":"healthy","healthy_count":4,"total_services":4,"total_metrics":9,"timestamp":"2026-01-31T09:30:00Z"}\' --topic machines/7 --retain':
        { shows: /^\S+\n$/ },
      "curl -s 'http://127.0.0.1:3000/publish?type=nav-badge-update&topic=inbox&retain' -d path=/inbox -d badge=3":
        { shows: /^{"id":"[^"]+","recipients":0}$/ },
      "curl -N 'http://127.0.0.1:3000/events?topic=inbox'": {
        keeps: true,
        shows:
          /event: nav-badge-update\ndata: {"path":"\/inbox","badge":"3"}\n\n[\s\S]*event: tidings.current\ndata: {"count":1}/,
      },
      "curl -s 'http://127.0.0.1:3000/current?topic=machines/*'": {
        shows:
          /^{"values":\[{[^[]*"type":"health-update",[^[]*"topics":\["machines\/7"\],[^[]*}\],"at":"[^"]+"}$/,
      },
      "curl -s -X DELETE 'http://127.0.0.1:3000/current?type=nav-badge-update&topic=inbox' -w '%{http_code}'":
        {
          shows: /^204$/,
        },
    },
  },
  "Keep events, and let only some publish": {
    steps: {
      "head -c 36 /dev/urandom | base64 > secret": {},
      "head -c 36 /dev/urandom | base64 > admin": {},
      "tidings serve --store events.db --jwt-key-file secret --admin-key-file admin --host 0.0.0.0": {
        keeps: true,
        shows: /Tidings/,
      },
      "tidings token --jwt-key-file secret --publish 'orders/*' --expires 1h > publisher": {},
      "tidings token --jwt-key-file secret --subscribe orders/7 --subject alice --expires 15m > alice": {},
      "TIDINGS_TOKEN=$(cat publisher) tidings publish order-created '{\"id\":7}' --topic orders/7": {
        shows: /^\S+\n$/,
      },
      [`curl -s http://127.0.0.1:3000/publish -H "authorization: Bearer $(cat publisher)" -H 'content-type: application/json' -d '{"type":"note","data":"for you","topic":"orders/7","private":true}'`]:
        { shows: /^{"id":"[^"]+","recipients":0}$/ },
      "curl -s 'http://127.0.0.1:3000/history?topic=orders/*' -H \"authorization: Bearer $(cat alice)\"": {
        shows: /"data":{"id":7}.*"data":"for you".*"more":false/,
      },
      "TIDINGS_TOKEN=$(cat admin) tidings backup copy.db": {},
    },
  },
  "Watch it, and stop it": {
    steps: {
      "head -c 36 /dev/urandom | base64 > admin": {},
      "tidings serve --admin-key-file admin --drain 2s": { keeps: true, shows: /Tidings/ },
      'curl -s http://127.0.0.1:3000/metrics -H "authorization: Bearer $(cat admin)"': {
        shows: /^tidings_clients 0$/m,
      },
      'curl -s http://127.0.0.1:3000/clients -H "authorization: Bearer $(cat admin)"': {
        shows: /^{"clients":\[\]/,
      },
      "curl -s -X DELETE 'http://127.0.0.1:3000/clients?subject=alice' -H \"authorization: Bearer $(cat admin)\"":
        {
          shows: /^{"removed":0}$/,
        },
      "curl -s http://127.0.0.1:3000/readyz": { shows: /^{"status":"ready"}$/ },
    },
  },
  "Use all cores": {
    steps: {
      "tidings serve --workers auto --store events.db": { keeps: true, shows: /Tidings/ },
    },
  },
  "Several machines, one log in Redis": {
    steps: {
      // There may be no Redis: the hub starts all the same, and waits for it.
      "tidings serve --store redis://127.0.0.1:6379": { keeps: true, shows: /Tidings/ },
    },
  },
  "Put it behind TLS or a proxy": {
    steps: {
      "tidings serve --trust-proxy 127.0.0.1 --allowed-host hub.example.org": {
        keeps: true,
        shows: /Tidings/,
        after: (hub) => hub.answers("/readyz"),
      },
    },
  },
  "How fast it is": {
    inCheckout: true,
    steps: {
      "scripts/bench --quick --case '100 clients'": { shows: /^\| 100 clients \| tidings \|/m },
    },
  },
};

/** Not run by this, because they run it; the first is also run above. */
const runsThis = ["scripts/start", "scripts/test"];

/** The hub of a section, and the page that shows its events. */
class Hub {
  readonly #at: (text: string) => string;
  #page: Page | undefined;

  constructor(at: (text: string) => string) {
    this.#at = at;
  }

  async answers(path: string): Promise<Response> {
    return until(async () => {
      const response = await fetch(this.#at("http://127.0.0.1:3000") + path).catch(() => undefined);
      return response?.ok ? response : undefined;
    });
  }

  /** Waits for a program of the section to answer anything there. */
  async listens(url: string): Promise<void> {
    await until(() => fetch(this.#at(url)).catch(() => undefined));
  }

  async hasClients(count: number): Promise<void> {
    const clients = async () => {
      const status = (await (await this.answers("/status")).json()) as { connected_clients: number };
      return status.connected_clients;
    };
    await until(async () => (await clients()) >= count);
  }

  async openPage(): Promise<void> {
    if (browserless) return;
    // A page that init wrote is told where the hub is; one of the README has it written in.
    this.#page = await openPage(this.#at("http://localhost:8080/?hub=http://127.0.0.1:3000"));
    await this.hasClients(1);
  }

  async pageShows(text: string | RegExp): Promise<void> {
    await this.#page?.getByText(text).first().waitFor();
  }
}

async function translate(path: string, at: (text: string) => string): Promise<void> {
  await Bun.write(path, at(await Bun.file(path).text()));
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const readme = await Bun.file(join(root, "README.md")).text();
const sections = sectionsOf(readme).filter(({ blocks }) =>
  blocks.some(({ language, file }) => language === "sh" || file !== undefined),
);
const commandsOf = (text: string) => text.split("\n").filter((line) => line !== "");

test("every command of the README is run", () => {
  const inReadme = sections
    .filter(({ heading }) => heading !== "Development")
    .map(({ heading, blocks }) => [
      heading,
      blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => commandsOf(text)),
    ]);
  const inTest = Object.entries(scenarios).map(([heading, { steps }]) => [heading, Object.keys(steps)]);
  expect(inReadme).toEqual(inTest);
  const development = sections.find(({ heading }) => heading === "Development");
  expect(development?.blocks.flatMap(({ text }) => commandsOf(text))).toEqual(runsThis);
});

for (const { heading, blocks } of sections) {
  const scenario = scenarios[heading];
  if (!scenario) continue;
  test(heading, async () => {
    const at = await otherPorts();
    const shell = new Shell(scenario.inCheckout ? root : emptyFolder(), at);
    const hub = new Hub(at);
    const later: [Running, RegExp][] = [];
    for (const { language, file, text } of blocks) {
      if (file !== undefined) await Bun.write(join(shell.cwd, file), at(text));
      if (language !== "sh") continue;
      for (const command of commandsOf(text)) {
        const { keeps, shows, later: afterwards, writes, after } = scenario.steps[command] ?? {};
        if (keeps) {
          const running = shell.start(command);
          if (shows) await running.shows(shows);
          if (afterwards) later.push([running, afterwards]);
        } else {
          const output = await shell.run(command);
          if (shows) expect(output).toMatch(shows);
        }
        if (writes) await translate(join(shell.cwd, writes), at);
        await after?.(hub);
      }
    }
    for (const [running, expected] of later) await running.shows(expected);
  }, 180_000);
}

test("the table of options is what the options are", () => {
  // `bun scripts/option-table.ts` puts it right.
  expect(tableIn(readme)).toBe(optionTable().replaceAll(/ {2,}/g, " "));
});

test("a link to a file leads to one", async () => {
  for (const [, path = ""] of readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
    expect(await Bun.file(join(root, path)).exists()).toBe(true);
  }
});
