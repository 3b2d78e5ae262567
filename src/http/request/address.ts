import { BlockList, isIP } from "node:net";
import type { Context } from "elysia";
import type { Grant } from "../../auth/grant.ts";

/** The parts of an Elysia context that show where a request comes from. */
export type Incoming = Pick<Context, "request" | "server">;

/** Finds the address of the sender of a request; undefined when there is none, as on a Unix socket. */
export type AddressOf = (incoming: Incoming) => string | undefined;

/** Means, in a list of proxies, every program that connects through the Unix socket. */
const UNIX = "unix";

/**
 * Takes the address of the connection. For a connection from a trusted proxy it takes the address from
 * `X-Forwarded-For`. Anyone can send that header, so it is read from its end, which the nearest proxy has
 * written, up to the first address that is not a trusted proxy.
 *
 * @param proxies addresses, subnets such as `10.0.0.0/8`, or `unix`.
 */
export function addressFinder(proxies: readonly string[] = []): AddressOf {
  const trusted = new BlockList();
  for (const proxy of proxies) if (proxy !== UNIX) add(trusted, proxy);
  const trustsUnix = proxies.includes(UNIX);
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return ({ request, server }) => {
    const peer = server?.requestIP(request)?.address;
    let address = peer === undefined ? undefined : plain(peer);
    if (proxies.length === 0 || !(address === undefined ? trustsUnix : isTrusted(address))) return address;
    const hops = request.headers.get("x-forwarded-for")?.split(",") ?? [];
    for (const hop of hops.reverse()) {
      const before = canonical(plain(hop.trim()));
      if (isIP(before) === 0) break;
      address = before;
      if (!isTrusted(address)) break;
    }
    return address;
  };
}

/** Whether a text is an address, a subnet or `unix`. */
export function isProxy(text: string): boolean {
  if (text === UNIX) return true;
  try {
    add(new BlockList(), text);
    return true;
  } catch {
    return false;
  }
}

/** The unit of limits by address: an IPv4 address, or an IPv6 /64, which one customer has. */
export function siteOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  while (groups.length + after.length < 8) groups.push("0");
  const network = [...groups, ...after].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}

/** @throws TypeError or RangeError when it is no address or subnet. */
function add(list: BlockList, proxy: string): void {
  const [address = "", prefix, ...rest] = proxy.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) throw new TypeError(`not an address: ${proxy}`);
  const type = family === 6 ? "ipv6" : "ipv4";
  if (prefix === undefined) list.addAddress(address, type);
  else if (!/^\d{1,3}$/.test(prefix)) throw new TypeError(`not a subnet: ${proxy}`);
  else list.addSubnet(address, Number(prefix), type);
}

/** Without a port, the brackets around IPv6, and the way in which IPv6 writes an IPv4 address. */
function plain(address: string): string {
  const bare = address.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
  return bare.replace(/^::ffff:(?=[\d.]+$)/i, "");
}

/** As the connection would give it: an IPv6 address has many spellings (RFC 5952), and one of them is it. */
function canonical(address: string): string {
  if (isIP(address) !== 6 || address.includes("%")) return address;
  const spelt = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(spelt) ?? [];
  if (high === undefined || low === undefined) return spelt;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}

/**
 * The account for rates and counts: a key, the subject of a token, or else an address. Each kind has its
 * own prefix, so that none can imitate another.
 */
export function accountOf(
  { addressOf }: { readonly addressOf: AddressOf },
  { account, subject }: Grant,
  incoming: Incoming,
): string {
  if (account !== undefined) return `account ${account}`;
  if (subject !== undefined) return `subject ${subject}`;
  const address = addressOf(incoming);
  return address === undefined ? "" : `address ${siteOf(address)}`;
}
