import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import manifest from "../../package.json";
import { library, tarball } from "../e2e/binary.ts";
import { emptyFolder } from "../folder.ts";
import { startHub } from "../hub.ts";
import { ended } from "../program.ts";
import { stored } from "../sdk/stored.ts";

// The package as it is packed, installed by npm into an empty project.

const { elysia, "@sinclair/typebox": typebox, "bun-types": bunTypes } = manifest.devDependencies;
const { typescript, "@elysiajs/eden": eden } = manifest.devDependencies;

const events = `
import { Type } from "@sinclair/typebox";
export default { "order-created": Type.Object({ id: Type.Integer() }) };
`;

const script = `
import { createPublisher, createSubscriber, TidingsError } from "tidings/sdk";
import type events from "./events.js";
const url = process.argv[2] ?? "";
const hub = createPublisher<typeof events>({ url });
const { id } = await hub.publish("order-created", { id: 1 });
try {
  // @ts-expect-error: a wrong payload
  await hub.publish("trace-update", { trace_id: "t" });
} catch (error) {
  if (error instanceof TidingsError) console.log(error.status);
}
// @ts-expect-error: a wrong type
const wrong = () => hub.publish("order-creted", { id: 1 });
for await (const event of createSubscriber<typeof events>({ url, lastEventId: "earliest" })) {
  if (event.type !== "order-created") continue;
  const order: number = event.data.id;
  console.log(event.id === id, order, typeof wrong);
  break;
}
`;

const application = `
import { treaty } from "@elysiajs/eden";
import { Elysia } from "elysia";
import { type App, Broker, Catalog, handleSSE, SqliteStore, tidings } from "tidings";
import events from "./events.js";
const broker = new Broker({ catalog: new Catalog(events), keepAlive: 15_000, store: new SqliteStore("events.db", { bounds: { events: 100 } }) });
const app = new Elysia()
  .get("/mine", () => "mine" as const)
  .group("/hub", (hub) => hub.use(tidings({ broker, access: () => ({ publish: { topics: ["*"] }, subscribe: ["*"], privateTopics: [] }) })))
  .get("/sse", handleSSE(broker))
  .listen({ port: 0, hostname: "127.0.0.1" });
broker.broadcastJSON("nav-badge-update", { path: "/", badge: "1" });
// @ts-expect-error: a wrong payload
const wrong = () => broker.broadcastJSON("nav-badge-update", { path: "/" });
const url = app.server?.url.origin ?? "";
const mine: "mine" | null = (await treaty<typeof app>(url).mine.get()).data;
const published = await treaty<typeof app>(url).hub.publish.post({ type: "order-created", data: { id: "1" } });
const status = await treaty<App>(url + "/hub").status.get();
const clients: number | undefined = status.data?.connected_clients;
console.log(mine, published.status, clients, broker.log.store.count, typeof wrong);
process.exit();
`;

async function run(folder: string, ...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const { output, errors, code } = await ended(child);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${output}${errors}`);
  return output.trim();
}

/** A project with the package and others, strict in every way. */
async function project(files: Record<string, string>, packages: readonly string[]): Promise<string> {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text);
  await Bun.write(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  await run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...packages);
  return folder;
}

const strict =
  "--strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --target es2023 --types bun-types".split(
    " ",
  );
const resolutions = [
  [...strict, "--module", "esnext", "--moduleResolution", "bundler"],
  [...strict, "--module", "nodenext", "--moduleResolution", "nodenext"],
];

/** What the compiler has to say, line by line. */
async function tsc(folder: string, ...args: string[]): Promise<string[]> {
  const child = Bun.spawn(["node_modules/.bin/tsc", ...args], { cwd: folder, stdio: ["ignore", "pipe", 2] });
  const said = await new Response(child.stdout).text();
  return said.split("\n").filter((line) => line !== "");
}

const npm = Bun.which("npm") !== null;
const node = Bun.which("node") !== null;

test.skipIf(!npm || !node)(
  "installed, it type-checks strictly; the SDK runs on Node, the plugin in an application of one's own",
  async () => {
    const folder = await project({ "events.ts": events, "script.ts": script, "app.ts": application }, [
      `@elysiajs/eden@${eden}`,
      `@sinclair/typebox@${typebox}`,
      `bun-types@${bunTypes}`,
      `elysia@${elysia}`,
      `typescript@${typescript}`,
    ]);
    for (const flags of resolutions) {
      // Of all that is read, only Elysia's own declarations do not pass.
      const said = await tsc(folder, ...flags, "--outDir", "out", "script.ts", "app.ts");
      expect(said.filter((line) => /^\S/.test(line) && !/^node_modules\/@?elysia/.test(line))).toEqual([]);
    }

    const { url } = await startHub();
    expect(await run(folder, "node", "out/script.js", url)).toBe("422\ntrue 1 function");
    expect(await stored(url)).toHaveLength(1);
    expect(await run(folder, process.execPath, "app.ts")).toBe("mine 422 0 1 function");
  },
  120_000,
);

test("what the package imports is what it says it needs", async () => {
  const imported = new Set<string>();
  for (const path of await readdir(library, { recursive: true })) {
    if (!/\.(d\.ts|js)$/.test(path)) continue;
    const text = await Bun.file(join(library, path)).text();
    for (const [, name = ""] of text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"./][^"]*)"/g)) {
      imported.add(
        name
          .split("/")
          .slice(0, name.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    }
  }
  const packages = [...imported].filter((name) => !isBuiltin(name)).sort();
  const needed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).sort();
  expect(packages).toEqual(needed);
});
