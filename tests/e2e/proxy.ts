import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defer } from "../defer.ts";
import { emptyFolder } from "../folder.ts";
import { freePort } from "../free-port.ts";
import { cleanEnvironment } from "../program.ts";
import { until } from "../until.ts";

const deploy = fileURLToPath(new URL("../../scripts/deploy/", import.meta.url));

/** Its path, from the environment that `scripts/test` prepares or from this machine. */
const programOf = (name: string) =>
  process.env[`TIDINGS_TEST_${name.toUpperCase()}`] ??
  Bun.which(name, { PATH: `${process.env["PATH"]}:/usr/sbin` });

/** The file that we hand out, for these nodes and this port instead of its examples. */
async function configuration(
  file: string,
  nodes: readonly string[],
  replaced: Record<string, string>,
): Promise<string> {
  let text = await Bun.file(join(deploy, file)).text();
  const hosts = nodes.map((node) => new URL(node).host);
  // As its comments say for several nodes.
  if (hosts.length > 1) text = text.replace(/^(\s*)# {3}((?:health|fail|lb)_\w+ .*)$/gm, "$1$2");
  const ofNodes = text.includes("server 127.0.0.1:3000;")
    ? {
        "server 127.0.0.1:3000;": [
          ...hosts.map((host) => `server ${host};`),
          ...(hosts.length > 1 ? hosts.map((host) => `server ${host} max_fails=0 backup;`) : []),
        ].join(" "),
      }
    : { "127.0.0.1:3000": hosts.join(" ") };
  for (const [from, to] of Object.entries({ ...ofNodes, ...replaced })) {
    const pattern = new RegExp(`^(\\s*(?!#).*)${RegExp.escape(from)}`, "gm");
    if (!pattern.test(text)) throw new Error(`${file} does not have ${from}`);
    text = text.replace(pattern, `$1${to}`);
  }
  return text;
}

async function start(url: string, stop: NodeJS.Signals, ...command: (string | null)[]): Promise<string> {
  const [program, ...args] = command;
  if (!program) throw new Error("the proxy is not there");
  const child = Bun.spawn([program, ...args.map(String)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...cleanEnvironment(), HOME: emptyFolder() },
  });
  defer(async () => {
    child.kill(stop);
    await child.exited;
  });
  // It says nothing when it is ready.
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${program} has ended`);
    return (await fetch(`${url}/healthz`).catch(() => undefined))?.ok;
  });
  return url;
}

/** Starts a real nginx in front of the hub's nodes. @param replaced what else is replaced in the file */
export async function startNginx(
  nodes: readonly string[],
  replaced: Record<string, string> = {},
): Promise<string> {
  const folder = emptyFolder();
  const port = freePort();
  const server = await configuration("nginx.conf", nodes, {
    "listen 80": `listen 127.0.0.1:${port}`,
    "hub.example.org": "localhost",
    ...replaced,
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (of) => `${of}_temp_path ${folder};`,
  );
  const main = join(folder, "nginx.conf");
  // One that is killed is tried again soon; to say so each time would be of no use.
  const level = nodes.length > 1 ? "crit" : "warn";
  await Bun.write(
    main,
    `daemon off; pid ${folder}/pid; error_log stderr ${level}; worker_processes 1;
     events {} http { access_log off; add_header x-node $upstream_addr; ${temporary.join(" ")}\n${server} }`,
  );
  // Killed, it would leave its worker behind.
  const args = ["-p", folder, "-e", "stderr", "-c", main];
  return start(`http://127.0.0.1:${port}`, "SIGTERM", programOf("nginx"), ...args);
}

/** Starts a real proxy, with the configuration that we hand out, in front of the hub's nodes. */
export const proxies: Readonly<Record<"nginx" | "caddy", (...nodes: readonly string[]) => Promise<string>>> =
  {
    nginx: (...nodes) => startNginx(nodes),
    async caddy(...nodes) {
      const folder = emptyFolder();
      const port = freePort();
      const site = await configuration("Caddyfile", nodes, { "hub.example.org": `http://localhost:${port}` });
      const file = join(folder, "Caddyfile");
      await Bun.write(file, `{\n\tadmin off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n${site}`);
      // Asked to stop, it waits for its streams to end.
      return start(
        `http://localhost:${port}`,
        "SIGKILL",
        programOf("caddy"),
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        file,
      );
    },
  };

/** Whether there is none to test with. In CI a test that is passed over counts as failed. */
export const isMissing = (name: string) =>
  process.env[`TIDINGS_SKIP_${name.toUpperCase()}`] === "1" || !programOf(name);
