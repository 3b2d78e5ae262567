import { parseArgs } from "node:util";
import { archive } from "./archive.ts";
import { writeChecksums } from "./checksums.ts";
import { compile } from "./compile.ts";
import { writeInstallers } from "./installers.ts";
import { packLibrary } from "./pack.ts";
import { targets } from "./targets.ts";

const usage = `usage: scripts/build [--target <platform>]... | --all
platforms: ${[...targets.keys()].join(" ")}`;

function refuse(message: string): never {
  console.error(`build: ${message}\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        target: { type: "string", multiple: true, default: [] },
        all: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Names a file and its size; hands the path on. */
function made(path: string): string {
  console.log(`${path}  ${(Bun.file(path).size / 1e6).toFixed(1)} MB`);
  return path;
}

async function build(name: string, target?: Parameters<typeof compile>[1]): Promise<string> {
  return made(await compile(name, target));
}

const { target: named, all, help } = readArguments();
if (help) {
  console.log(usage);
  process.exit(0);
}
if (all && named.length > 0) refuse("--all already means every --target");

const wanted = all ? [...targets] : named.map((name) => [name, targets.get(name)] as const);
const unknown = wanted.find(([, target]) => target === undefined);
if (unknown) refuse(`unknown target ${JSON.stringify(unknown[0])}`);

try {
  // The executable holds it.
  await packLibrary();
  if (wanted.length === 0) {
    await build(process.platform === "win32" ? "tidings.exe" : "tidings");
  } else {
    const built: string[] = [];
    for (const [name, target] of wanted) {
      // Bun brings another platform's runtime from the npm registry the first time.
      console.log(`building for ${name} …`);
      const path = await build(`tidings-${name}${name.startsWith("windows-") ? ".exe" : ""}`, target);
      built.push(path, made(await archive(path)));
    }
    const [first, ...others] = built;
    if (first !== undefined) {
      const checksums = await writeChecksums([first, ...others]);
      console.log(checksums);
      // They name every platform.
      if (all) {
        const installers = await writeInstallers(checksums);
        if (installers.length === 0)
          console.log("no install.sh and no formula: package.json names no repository");
        for (const path of installers) console.log(path);
      }
    }
  }
} catch (error) {
  console.error("build: failed");
  console.error(error);
  process.exit(1);
}
