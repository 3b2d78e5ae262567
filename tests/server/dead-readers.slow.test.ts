import { expect, test } from "bun:test";
import { startConfigured } from "../configured.ts";
import { defer } from "../defer.ts";
import { until } from "../until.ts";

const run = (...command: string[]) =>
  Bun.spawnSync(command, { stdio: ["ignore", "ignore", "ignore"] }).exitCode === 0;

/**
 * Another machine, as far as the network is concerned, whose line can be cut; undefined without the
 * rights or the programs to make one.
 */
function machine(name: string, net: string): { readonly address: string; cut(): void } | undefined {
  const here = `${net}.1`;
  const inside = (...command: string[]) => run("ip", "netns", "exec", name, ...command);
  defer(() => {
    run("ip", "netns", "delete", name);
    // It goes with the namespace, but later.
    run("ip", "link", "delete", `${name}-a`);
  });
  const made =
    run("ip", "netns", "add", name) &&
    run("ip", "link", "add", `${name}-a`, "type", "veth", "peer", "name", `${name}-b`, "netns", name) &&
    run("ip", "address", "add", `${here}/24`, "dev", `${name}-a`) &&
    run("ip", "link", "set", `${name}-a`, "up") &&
    inside("ip", "address", "add", `${net}.2/24`, "dev", `${name}-b`) &&
    inside("ip", "link", "set", `${name}-b`, "up");
  if (!made) return undefined;
  // Without an ARP that would notice: packets just get lost.
  const cut = () =>
    void (
      inside("nft", "add", "table", "inet", "f") &&
      inside("nft", "add", "chain", "inet", "f", "in", "{ type filter hook input priority 0; policy drop; }")
    );
  return { address: here, cut };
}

const probe =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  Bun.which("nft") !== null &&
  run("unshare", "--net", "true");
if (!probe) console.log("No right to make network namespaces here, or no nft: DEAD READERS ARE NOT TRIED.");

test.skipIf(!probe).each<[string, string[]]>([
  ["that is sent keep-alives", ["--keep-alive", "300ms"]],
  ["that is sent nothing", ["--keep-alive", "0"]],
])("a reader %s and vanishes without a word is gone soon after the stall time-out", async (_, flags) => {
  const isQuiet = flags[1] === "0";
  const name = `tt${process.pid % 10_000}${isQuiet ? "q" : "k"}`;
  const other = machine(name, `10.${isQuiet ? 78 : 79}.${process.pid % 250}`);
  if (!other) throw new Error("no network of two machines to be had, which takes CAP_NET_ADMIN");
  const { url, broker } = await startConfigured([
    "--host",
    other.address,
    "--open",
    "--stall-timeout",
    "1s",
    ...flags,
  ]);
  const reader = Bun.spawn(["ip", "netns", "exec", name, "curl", "-sN", `${url}/events`], {
    stdout: "pipe",
  });
  defer(() => reader.kill("SIGKILL"));
  await until(() => broker.clientCount === 1);
  await reader.stdout.getReader().read();
  other.cut();
  // The system alone would take a quarter of an hour.
  await until(() => broker.clientCount === 0);
  expect(broker.totals.removed.disconnected + broker.totals.removed.failed).toBe(1);
});
