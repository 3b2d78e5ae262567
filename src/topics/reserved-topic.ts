/** An octet that may stand as itself in a path (RFC 3986, section 2.3). */
const UNRESERVED = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi;

/**
 * Where in the hub's own namespace a topic is, by the Mercure protocol: at the path of the hub's URL, or below
 * it. Undefined for all other topics. Only the hub publishes there, so that nobody forges its news.
 */
export function reservedPlace(topic: string, hubUrl: string): "hub" | "below" | undefined {
  // Most topics are far from it, and need not be parsed.
  const last = hubUrl.slice(hubUrl.lastIndexOf("/") + 1);
  const first = topic[0];
  if (!topic.includes(last) && !topic.includes("%") && first !== "?" && first !== "#" && topic !== "") {
    return undefined;
  }
  const url = URL.parse(topic, hubUrl);
  if (!url) return undefined;
  const hub = new URL(hubUrl).pathname;
  const path = url.pathname.replace(UNRESERVED, (octet) =>
    String.fromCharCode(Number.parseInt(octet.slice(1), 16)),
  );
  if (path === hub) return "hub";
  return path.startsWith(`${hub}/`) ? "below" : undefined;
}
