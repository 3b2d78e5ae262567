import { expect, test } from "bun:test";
import { cp, readdir } from "node:fs/promises";
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

const outside = join(import.meta.dir, "outside");

async function run(folder: string, ...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const { output, errors, code } = await ended(child);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${output}${errors}`);
  return output.trim();
}

/** The examples of the package's documentation. */
async function examples(): Promise<string[]> {
  const found: string[] = [];
  for (const path of await readdir(library, { recursive: true })) {
    if (!path.endsWith(".d.ts") || path.startsWith("commonjs")) continue;
    const text = await Bun.file(join(library, path)).text();
    for (const [, block = ""] of text.matchAll(/@example\n\s*\* ```ts\n([\s\S]*?)\* ```/g)) {
      found.push(block.replaceAll(/^ *\* ?/gm, ""));
    }
  }
  return found;
}

/** A project with the package and others, the programs of outside/ and the examples. */
async function project(packages: readonly string[]): Promise<string> {
  const folder = emptyFolder();
  await cp(outside, folder, { recursive: true });
  for (const [i, text] of (await examples()).entries()) {
    await Bun.write(join(folder, `example-${i}.ts`), text);
  }
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

/** What a program says on its way out, in one line; it must fail. */
async function failure(folder: string, ...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const { errors, code } = await ended(child);
  if (code === 0) throw new Error(`${command.join(" ")} did not fail`);
  return /^Error: (.*)$/m.exec(errors)?.[1] ?? errors;
}

test.skipIf(!npm || !node)(
  "installed, it type-checks strictly, can be extended, and its SDK runs on Node",
  async () => {
    const folder = await project([
      `@elysiajs/eden@${eden}`,
      `@sinclair/typebox@${typebox}`,
      `bun-types@${bunTypes}`,
      `elysia@${elysia}`,
      `typescript@${typescript}`,
    ]);
    const programs = (await readdir(folder)).filter((name) => /\.c?ts$/.test(name));
    expect(programs.filter((name) => name.startsWith("example-")).length).toBeGreaterThan(11);
    for (const flags of resolutions) {
      // Bundlers know no .cts.
      const files = programs.filter((name) => flags.includes("nodenext") || name.endsWith(".ts"));
      // Of all that is read, only Elysia's own declarations do not pass.
      const said = await tsc(folder, ...flags, "--outDir", "out", ...files);
      expect(said.filter((line) => /^\S/.test(line) && !/^node_modules\/@?elysia/.test(line))).toEqual([]);
    }

    const { url } = startHub();
    expect(await run(folder, "node", "out/script.js", url)).toBe("422\ntrue 1");
    expect(await run(folder, "node", "out/script.cjs", url)).toBe("0");
    expect(await stored(url)).toHaveLength(2);

    const onBun = (name: string) => run(folder, process.execPath, name);
    expect(await onBun("application.ts")).toBe("mine 422 0 1");
    expect(await onBun("policy.ts")).toBe(
      [
        [401, null, "who is there?", 'Basic realm="orders"', null],
        [503, "https://example.org/asleep", "the hub sleeps", null, "3600"],
        [403, null, "not you: the key is none of this hub's", null, null],
        [200, null, null, null, null],
      ]
        .map((line) => JSON.stringify(line))
        .join("\n"),
    );
    expect(await onBun("store.ts")).toBe("true true\n3,5 5 1,2,3,5");
    expect(await onBun("sink.ts")).toBe("1 1,2 true\ntrue broker closed");

    const sentence = "tidings: the hub needs Bun (https://bun.sh); here, import tidings/sdk instead";
    const imports = 'import { Broker, tidings } from "tidings"; console.log(Broker, tidings)';
    expect(await failure(folder, "node", "--input-type=module", "-e", imports)).toBe(sentence);
    expect(await failure(folder, "node", "-e", 'require("tidings")')).toBe(sentence);
  },
  240_000,
);

test("what the package imports is what it says it needs", async () => {
  const imported = new Set<string>();
  for (const path of await readdir(library, { recursive: true })) {
    if (!/\.(d\.ts|js)$/.test(path)) continue;
    const text = await Bun.file(join(library, path)).text();
    // Declarations import types alone, which the scanner of imports leaves out.
    const paths = path.endsWith(".d.ts")
      ? Array.from(text.matchAll(/(?:\bfrom |\bimport ?\()"([^"]+)"/g), ([, name = ""]) => name)
      : new Bun.Transpiler({ loader: "js" }).scanImports(text).map((found) => found.path);
    for (const name of paths.filter((found) => !/^[./]/.test(found))) {
      imported.add(
        name
          .split("/")
          .slice(0, name.startsWith("@") ? 2 : 1)
          .join("/"),
      );
    }
  }
  // A `Stream` of @elysiajs/stream is known by its shape; the package imports itself in examples.
  imported.add("@elysiajs/stream").delete("tidings");
  const packages = [...imported].filter((name) => !isBuiltin(name)).sort();
  const needed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).sort();
  expect(packages).toEqual(needed);
});
