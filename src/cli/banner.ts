import { version } from "../version.ts";

/** The first lines for the person who starts a hub. */
export function banner(url: string, hasKeys: boolean): string {
  if (url.startsWith("unix://")) return unixBanner(url.slice("unix://".length));
  const open = openable(url);
  const access = hasKeys
    ? "publishing takes a key or a token"
    : "open to everyone who reaches it, until there is --publish-key-file or --jwt-key-file";
  const everywhere = open === url ? "" : ", and on every address of this machine";
  return `Tidings ${version} on ${open}${everywhere}

  Subscribe   new EventSource("${open}/events")   or   tidings listen --url ${open}
  Publish     POST ${open}/publish   {"type":"…","data":…,"topics":[…]}
  Access      ${access}
  Console     ${open}/
  Look        ${open}/openapi   ${open}/catalog   ${open}/status
`;
}

/** The address in a form that a browser can open: `0.0.0.0` and `[::]` mean all addresses. */
function openable(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:|$)/, "//localhost");
}

function unixBanner(path: string): string {
  return `Tidings ${version} on ${path}

  Subscribe   curl -N --unix-socket ${path} http://localhost/events   or   tidings listen --url unix://${path}
  Look        curl --unix-socket ${path} http://localhost/status
`;
}
