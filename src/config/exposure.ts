import { isIP, isIPv4 } from "node:net";

/** The settings for the addresses and the names of a hub. */
export interface ExposureSettings {
  readonly host: string;
  readonly open: boolean;
  readonly allowedHost?: readonly string[];
  readonly mercureUrl?: URL;
}

/**
 * The names by which browsers may call the hub; undefined for all names. A hub with keys on the network is
 * guarded by them, so its operator need not list its names.
 */
export function namesOf(
  { host, allowedHost = [], mercureUrl }: ExposureSettings,
  hasKeys: boolean,
): readonly string[] | undefined {
  if (allowedHost.length === 0 && hasKeys && !isLoopback(host)) return undefined;
  const named = mercureUrl ? [mercureUrl.hostname, ...allowedHost] : allowedHost;
  // Addresses and localhost are names of every hub.
  return isLoopback(host) || isIP(host) ? named : [host.toLowerCase(), ...named];
}

/** The settings that say how far tokens travel, and how. */
export interface WaySettings {
  readonly host: string;
  readonly unix?: string;
  readonly tlsCert?: string;
  readonly trustProxy?: readonly string[];
}

/** Whether keys and tokens come over a network without encryption, as far as the settings tell. */
export function isInTheClear({ host, unix, tlsCert, trustProxy = [] }: WaySettings): boolean {
  return unix === undefined && tlsCert === undefined && trustProxy.length === 0 && !isLoopback(host);
}

/** Whether only programs on this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const address = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
