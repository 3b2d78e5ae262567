import type { Address } from "./server.ts";

/** The head of a request to a hub: what every one has, what this one has, what this hub asks for. */
export function requestHead(
  { hostname, port, headers }: Address,
  line: string,
  own: Readonly<Record<string, string>>,
): string {
  const all = [["Host", `${hostname}:${port}`], ...Object.entries(own), ...Object.entries(headers)];
  return `${line} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
