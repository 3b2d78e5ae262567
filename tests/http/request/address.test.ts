import { expect, test } from "bun:test";
import { addressFinder, type Incoming, isProxy, siteOf } from "../../../src/http/request/address.ts";

/** A request from the peer, or over a Unix socket, with that header. */
function from(peer: string | undefined, forwarded?: string): Incoming {
  const request = new Request(
    "http://hub/",
    forwarded === undefined ? {} : { headers: { "x-forwarded-for": forwarded } },
  );
  const requestIP = () => (peer === undefined ? null : { address: peer, port: 1, family: "IPv4" as const });
  return { request, server: { requestIP } as unknown as Incoming["server"] };
}

test("without trusted proxies it is the connection's, whatever the header says", () => {
  expect(addressFinder()(from("192.0.2.1", "10.9.9.9"))).toBe("192.0.2.1");
  expect(addressFinder(["10.0.0.0/8"])(from("192.0.2.1", "10.9.9.9"))).toBe("192.0.2.1");
  expect(addressFinder()(from(undefined, "10.9.9.9"))).toBeUndefined();
});

test.each([
  ["the sender as its proxy saw it", "10.0.0.1", "198.51.100.7", "198.51.100.7"],
  ["not what the sender itself put before", "10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"],
  ["past a chain of trusted proxies", "10.0.0.1", "198.51.100.7, 10.0.0.3,10.0.0.2", "198.51.100.7"],
  ["with a port", "10.0.0.1", "198.51.100.7:4711", "198.51.100.7"],
  ["IPv6 with a port", "10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"],
  ["IPv4 in IPv6 clothes", "::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"],
  ["one address however it is spelt", "10.0.0.1", "2001:0DB8:0:0::0007", "2001:db8::7"],
  ["IPv4 in hexadecimal IPv6 clothes", "10.0.0.1", "0:0:0:0:0:FFFF:c633:6407", "198.51.100.7"],
  ["the proxy's own when it says nothing", "10.0.0.1", undefined, "10.0.0.1"],
  ["no further than an entry that is no address", "10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"],
  ["the first proxy when all are", "10.0.0.1", "10.0.0.9, 10.0.0.8", "10.0.0.9"],
  ["a single IPv6 proxy", "fd00::1", "198.51.100.7", "198.51.100.7"],
  ["over a Unix socket", undefined, "198.51.100.7", "198.51.100.7"],
])("from trusted proxies it is %s", (_, peer, forwarded, expected) => {
  const addressOf = addressFinder(["10.0.0.0/8", "fd00::1", "unix"]);
  expect(addressOf(from(peer, forwarded))).toBe(expected);
});

test("a limit by address takes an IPv6 network as one", () => {
  expect(siteOf("198.51.100.7")).toBe("198.51.100.7");
  expect(siteOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(siteOf("2001:0db8:1:2::1")).toBe("2001:db8:1:2::/64");
  expect(siteOf("2001:db8::1")).toBe("2001:db8:0:0::/64");
  expect(siteOf("::1")).toBe("0:0:0:0::/64");
  expect(siteOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
});

test("a proxy is an address, a subnet or unix", () => {
  for (const proxy of ["unix", "10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8"]) {
    expect([proxy, isProxy(proxy)]).toEqual([proxy, true]);
  }
  for (const proxy of [
    "",
    "localhost",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0/8",
    "fd00::/129",
    "1.2.3.4/8/8",
    "*",
  ]) {
    expect([proxy, isProxy(proxy)]).toEqual([proxy, false]);
  }
});
