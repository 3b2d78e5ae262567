import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { version } from "../../package.json";
import { packForNpm } from "../../scripts/package/npm.ts";
import { targets } from "../../scripts/package/targets.ts";
import { defer } from "../defer.ts";
import { binary, tarball } from "../e2e/binary.ts";
import { emptyFolder } from "../folder.ts";
import { ended } from "../program.ts";

// What `npx tidings` installs, from a registry of the scope @tidings that has this platform's package only.

const platform = `${process.platform}-${process.arch}`;

async function run(folder: string, ...command: string[]) {
  return ended(Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }));
}

/** A registry for npm that has these packages, by their names. */
function registry(packages: ReadonlyMap<string, string>): string {
  const server = Bun.serve({
    port: 0,
    async fetch({ url }) {
      const { origin, pathname } = new URL(url);
      const name = decodeURIComponent(pathname.slice(1));
      const file = [...packages.values()].find((path) => basename(path) === name);
      if (file !== undefined) return new Response(Bun.file(file));
      const path = packages.get(name);
      if (path === undefined) return Response.json({ error: "not found" }, { status: 404 });
      const untar = await run(".", "tar", "-xzOf", path, "package/package.json");
      const tarballUrl = `${origin}/${basename(path)}`;
      const one = { ...JSON.parse(untar.output), dist: { tarball: tarballUrl } };
      return Response.json({ name, "dist-tags": { latest: version }, versions: { [version]: one } });
    },
  });
  defer(() => server.stop(true));
  return server.url.href;
}

async function project(registryUrl: string): Promise<string> {
  const folder = emptyFolder();
  await Bun.write(join(folder, ".npmrc"), `@tidings:registry=${registryUrl}\n`);
  await Bun.write(join(folder, "package.json"), '{ "private": true }');
  return folder;
}

test.skipIf(!Bun.which("npm"))(
  "npm installs this platform's executable, and the program runs it",
  async () => {
    const into = join(emptyFolder(), "npm");
    await mkdir(into);
    const made = await packForNpm(new Map([[platform, binary]]), { library: tarball, into });
    expect(made.map((path) => basename(path))).toEqual([`tidings-${platform}.tgz`, "tidings.tgz"]);
    const [executable = "", main = ""] = made;
    const { output } = await run(".", "tar", "-xzOf", main, "package/package.json");
    const { optionalDependencies, scripts } = JSON.parse(output);
    expect(Object.keys(optionalDependencies)).toEqual(
      Array.from(targets.keys(), (name) => `@tidings/${name}`),
    );
    expect(scripts).toBeUndefined();

    const folder = await project(registry(new Map([[`@tidings/${platform}`, executable]])));
    const install = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", main];
    expect(await run(folder, ...install)).toMatchObject({ code: 0 });
    expect(await run(folder, "npx", "tidings", "--version")).toMatchObject({
      code: 0,
      output: `${version}\n`,
    });
    // Its exit code and its arguments come through, and so does a signal.
    const wrong = await run(folder, "npx", "tidings", "serve", "--port", "no port");
    expect(wrong).toMatchObject({ code: 2, errors: expect.stringContaining("Expected a port") });
    const hub = Bun.spawn(["node_modules/.bin/tidings", "serve", "--port", "0"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    defer(() => hub.kill("SIGKILL"));
    const reader = hub.stdout.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    expect(first).toStartWith(`Tidings ${version} on http://127.0.0.1:`);
    hub.kill("SIGTERM");
    expect(await hub.exited).toBe(0);

    const without = await project(registry(new Map()));
    expect(await run(without, ...install)).toMatchObject({ code: 0 });
    const missing = await run(without, "npx", "tidings", "--version");
    expect(missing.code).toBe(1);
    expect(missing.errors).toBe(
      `tidings: @tidings/${platform} is not installed: install without --omit=optional, on a platform that has an executable\n`,
    );
  },
  120_000,
);
