import { expect, test } from "bun:test";
import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { redisProgram, startRedis } from "../log/redis/redis-server.ts";
import { cleanEnvironment, ended } from "../program.ts";
import { binary, serveBinary } from "./binary.ts";
import { pythonFolder, pythonless, runPython } from "./python.ts";

/** Those for a hub of several nodes. */
const SEVERAL_NODES = ["compose/compose.yml", "kubernetes/tidings.yml"];

const deploy = fileURLToPath(new URL("../../scripts/deploy/", import.meta.url));
const read = (file: string) => Bun.file(join(deploy, file)).text();

async function said(...command: string[]): Promise<{ code: number; text: string }> {
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
  const { output, errors, code } = await ended(child);
  return { code, text: output + errors };
}

/** What the dashboard asks Prometheus for. */
async function dashboardExpressions(): Promise<readonly string[]> {
  const { panels } = JSON.parse(await read("grafana.json")) as { panels: { targets: { expr: string }[] }[] };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

async function alertExpressions(): Promise<readonly string[]> {
  const { groups } = Bun.YAML.parse(await read("alerts.yml")) as { groups: { rules: { expr: string }[] }[] };
  return groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
}

test.skipIf(redisProgram === undefined)(
  "every metric that the dashboard and the alerts name is one of the hub's",
  async () => {
    // Some are there with Redis alone, others without it.
    const redis = await startRedis();
    const hubs = [await serveBinary(emptyFolder()), await serveBinary(emptyFolder(), "--store", redis.url)];
    const texts = await Promise.all(hubs.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const exposed = texts.join("\n").matchAll(/^# TYPE (\S+) (\S+)$/gm);
    // The one that is Prometheus's own.
    const names = new Set(["up"]);
    for (const [, name = "", type] of exposed) {
      const ends = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      for (const end of ends) names.add(name + end);
    }
    for (const expressions of [await dashboardExpressions(), await alertExpressions()]) {
      const used = expressions.flatMap((text) =>
        [...text.matchAll(/\b(?:up|(?:tidings|process|nodejs)_\w+)\b/g)].map(([name]) => name),
      );
      expect(used.length).toBeGreaterThanOrEqual(10);
      expect(used.filter((name) => !names.has(name))).toEqual([]);
    }
  },
);

const promtool =
  process.env["TIDINGS_SKIP_PROMTOOL"] === "1"
    ? null
    : (process.env["TIDINGS_TEST_PROMTOOL"] ?? Bun.which("promtool"));
if (!promtool) console.log("No promtool here: alerts and dashboard are not checked by it.");

test.skipIf(!promtool)(
  "promtool finds nothing wrong with the alerts, nor with what the dashboard asks for",
  async () => {
    const check = (file: string) => said(String(promtool), "check", "rules", "--lint-fatal", file);
    expect(await check(join(deploy, "alerts.yml"))).toMatchObject({ code: 0 });
    expect(await said(String(promtool), "test", "rules", join(deploy, "alerts.test.yml"))).toMatchObject({
      code: 0,
    });
    const asked = await dashboardExpressions();
    const rules = asked.map((text, i) => ({
      record: `panel:${i}`,
      expr: text.replaceAll("$__rate_interval", "5m").replaceAll(/\$(job|instance)/g, ".*"),
    }));
    const file = join(emptyFolder(), "dashboard.yml");
    // JSON is YAML.
    await Bun.write(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    const { code, text } = await check(file);
    expect(text).toContain(`${asked.length} rules found`);
    expect(code).toBe(0);
  },
);

/** Without the ends of its lines, which may be anywhere. */
const flagsOf = async () => (await said(binary, "serve", "--help")).text.replace(/\s+/g, " ");

test("every variable that the files set is one of the hub's", async () => {
  const help = await flagsOf();
  for (const file of ["tidings.service", "Dockerfile", ...SEVERAL_NODES]) {
    const variables = [...(await read(file)).matchAll(/TIDINGS_[A-Z_]+/g)].map(([name]) => name);
    expect(variables.length).toBeGreaterThan(2);
    for (const name of variables) {
      const flag = `--${name.replace("TIDINGS_", "").toLowerCase().replaceAll("_", "-")}`;
      expect([file, name, help.includes(`${flag} `)]).toEqual([file, name, true]);
    }
  }
});

test("every flag that the proxies' files name is one of the hub's", async () => {
  const help = await flagsOf();
  for (const file of ["nginx.conf", "Caddyfile"]) {
    for (const [flag] of (await read(file)).matchAll(/--[a-z-]+/g)) {
      expect([file, flag, help.includes(`${flag} `)]).toEqual([file, flag, true]);
    }
  }
});

/** Durations of these files, in seconds. */
const seconds = (text: string | undefined) => Number(/^(\d+)s$/.exec(text ?? "")?.[1]);
/** What the hub takes to stop after its streams have ended, at most. */
const LAST_SECONDS = 3;

test("what stops a node gives it the time that it takes", async () => {
  const { services } = Bun.YAML.parse(await read("compose/compose.yml")) as {
    services: Record<string, { environment?: Record<string, string>; stop_grace_period?: string }>;
  };
  for (const name of ["hub-1", "hub-2"]) {
    const { environment = {}, stop_grace_period } = services[name] ?? {};
    expect(seconds(stop_grace_period)).toBeGreaterThan(seconds(environment["TIDINGS_DRAIN"]) + LAST_SECONDS);
  }
  const all = Bun.YAML.parse(await read("kubernetes/tidings.yml")) as Manifest[];
  const pod = all.find(({ kind }) => kind === "Deployment")?.spec.template.spec;
  const [container] = pod?.containers ?? [];
  const drain = container?.env.find(({ name }) => name === "TIDINGS_DRAIN")?.value;
  const before = container?.lifecycle.preStop.sleep.seconds ?? Number.NaN;
  expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(before + seconds(drain) + LAST_SECONDS);
});

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[];
          readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
        }[];
      };
    };
  };
}

test.skipIf(pythonless)(
  "what checks such files finds nothing wrong with the manifests, the compose file and the image's",
  async () => {
    const kubernetes = ["--strict", "--kubernetes-version", "1.30", "kubernetes/tidings.yml"];
    const manifests = await runPython(deploy, "kubernetes-validate", ...kubernetes);
    expect(manifests.code).toBe(0);
    expect((manifests.output + manifests.errors).match(/ passed /g)).toHaveLength(4);
    expect(await runPython(deploy, "hadolint", "Dockerfile")).toMatchObject({ code: 0, output: "" });
    // The keys that are merged (<<) are YAML's, and this is of the specification.
    const check =
      "import sys, yaml, compose_spec as c; f = yaml.safe_load(sys.stdin); print(*c.PyCompose.from_yaml(yaml.dump(f)).service_names())";
    const file = await read("compose/compose.yml");
    const child = Bun.spawn([join(pythonFolder, "python"), "-c", check], {
      stdio: [new Blob([file]), "pipe", "pipe"],
    });
    const compose = await ended(child);
    expect([compose.code, compose.errors]).toEqual([0, ""]);
    expect(compose.output.trim().split(" ").sort()).toEqual([
      "hub-1",
      "hub-2",
      "nginx",
      "redis-1",
      "redis-2",
      "redis-3",
      "sentinel-1",
      "sentinel-2",
      "sentinel-3",
    ]);
  },
);

test("the compose file has the proxy name its nodes", async () => {
  const { services } = Bun.YAML.parse(await read("compose/compose.yml")) as {
    services: Record<string, { command?: string[]; networks: { hub: { ipv4_address: string } } }>;
  };
  const addressOf = (name: string) => services[name]?.networks.hub.ipv4_address;
  const [, , script = ""] = services["nginx"]?.command ?? [];
  const edits = [...script.matchAll(/-e '([^']*)'/g)].map(([, edit = ""]) => edit);
  const child = Bun.spawn(["sed", ...edits.flatMap((edit) => ["-e", edit]), join(deploy, "nginx.conf")], {
    stdout: "pipe",
  });
  const text = await new Response(child.stdout).text();
  for (const name of ["hub-1", "hub-2"]) {
    expect(text).toContain(`server ${addressOf(name)}:3000;`);
    expect(text).toContain(`server ${addressOf(name)}:3000 max_fails=0 backup;`);
  }
  expect(text).toContain("server_name _;");
  const environment = services["hub-1"] as unknown as { environment: Record<string, string> };
  expect(environment.environment["TIDINGS_TRUST_PROXY"]).toBe(addressOf("nginx"));
});

const analyze = Bun.which("systemd-analyze");
test.skipIf(!analyze)("systemd finds nothing wrong with the unit, and little exposed", async () => {
  const folder = emptyFolder();
  const unit = join(folder, "tidings.service");
  // It looks whether the program is there.
  await Bun.write(unit, (await read("tidings.service")).replaceAll("/usr/local/bin/tidings", binary));
  expect(await said(analyze ?? "", "verify", unit)).toEqual({ code: 0, text: "" });
  // By default systemd gives up after five starts within ten seconds.
  expect(await read("tidings.service")).toMatch(/^StartLimitIntervalSec=0$/m);
  const { text } = await said(analyze ?? "", "security", "--offline=true", "--no-pager", unit);
  const [, level] = /exposure level for tidings\.service: ([\d.]+)/.exec(text) ?? [];
  // 10 is a unit without any of it; systemd calls what is below 3 OK.
  expect(Number(level)).toBeLessThan(2);
});

/** Runs the rest in a folder as if that were the disk, with the two that every container is given. */
const IN_IMAGE = `mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev" &&
  PATH=$PATH:/usr/sbin && exec chroot --userspec=65532:65532 "$1" /tidings serve --port 0`;

const mayMount = Bun.spawnSync(["unshare", "--mount", "true"]).exitCode === 0;
test.skipIf(!mayMount)(
  "the binary runs where there is nothing but what the image holds, as nobody, and keeps its events",
  async () => {
    const root = emptyFolder();
    await chmod(root, 0o755);
    const collected = await said(join(deploy, "collect-libraries"), binary, root);
    expect(collected).toEqual({ code: 0, text: "" });
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeLessThan(10);
    await said("install", "-d", "-o", "65532", "-g", "65532", join(root, "data"));
    for (const folder of ["proc", "dev"]) await mkdir(join(root, folder));
    const environment = Object.fromEntries(
      [...(await read("Dockerfile")).matchAll(/^ENV (.*)$/gm)].flatMap(([, line = ""]) =>
        line.split(" ").map((pair) => pair.split("=") as [string, string]),
      ),
    );
    const start = (extra: Record<string, string>) =>
      Bun.spawn(["unshare", "--mount", "sh", "-c", IN_IMAGE, "sh", root], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...cleanEnvironment(), ...environment, ...extra },
      });

    const open = start({});
    expect(await new Response(open.stderr).text()).toContain("--publish-key-file");
    expect(await open.exited).toBe(2);

    for (const round of [1, 2]) {
      const hub = start({ TIDINGS_PUBLISH_KEY: "a-key-of-the-tests", TIDINGS_HOST: "127.0.0.1" });
      defer(async () => hub.kill("SIGKILL"));
      let banner = "";
      for await (const chunk of hub.stdout) {
        banner += new TextDecoder().decode(chunk);
        if (banner.includes("\n")) break;
      }
      const [url = ""] = /http:\S+/.exec(banner) ?? [];
      const published = await fetch(`${url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer a-key-of-the-tests" },
        body: JSON.stringify({ type: "n", data: round }),
      });
      expect(published.status).toBe(200);
      // The page is in the executable, not on the disk.
      expect((await fetch(url)).status).toBe(200);
      const { events } = (await (await fetch(`${url}/history`)).json()) as { events: { data: number }[] };
      expect(events.map(({ data }) => data)).toEqual(round === 1 ? [1] : [1, 2]);
      hub.kill("SIGTERM");
      expect(await hub.exited).toBe(0);
    }
  },
);
