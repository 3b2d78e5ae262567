import { isIP, isIPv4 } from "node:net";
import { ConfigError } from "./config-error.ts";

/** From where a hub can be reached, and under which names. */
export interface ReachSettings {
  readonly host: string;
  readonly open: boolean;
  readonly allowedHost?: readonly string[];
}

/**
 * A hub that everyone may use stays on this machine, unless it is said in so many words.
 *
 * @throws ConfigError
 */
export function assertReach({ host, open }: ReachSettings, hasKeys: boolean): void {
  if (hasKeys || open || isLoopback(host)) return;
  throw new ConfigError(
    `on ${host} everyone could publish, since there is no key: give --publish-key-file or --jwt-key-file (or --open, if that is what you want)`,
  );
}

/**
 * The names by which browsers may call the hub; undefined for all. Where the network reaches a hub
 * with keys, those guard it, and its operator need not list its names.
 */
export function namesOf(
  { host, allowedHost = [] }: ReachSettings,
  hasKeys: boolean,
): readonly string[] | undefined {
  if (allowedHost.length === 0 && hasKeys && !isLoopback(host)) return undefined;
  // Addresses and localhost are names of every hub.
  return isLoopback(host) || isIP(host) ? allowedHost : [host.toLowerCase(), ...allowedHost];
}

function isLoopback(host: string): boolean {
  const address = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return address === "localhost" || address === "::1" || (isIPv4(address) && address.startsWith("127."));
}
