import { SignJWT } from "jose";
import { startConfigured } from "../configured.ts";
import { gatherText } from "../http/text-stream.ts";

export const SECRET = "a secret of more than thirty-two bytes";
export const ISSUER = "https://issuer.example";
export const AUDIENCE = "https://localhost/.well-known/mercure";
const PATH = "/.well-known/mercure";
export const DETAIL = "https://mercure.rocks/authorization-detail";

/** A hub with keys, and the ways in which a client of the protocol uses it. */
export async function startMercure(...flags: string[]) {
  const keyed = ["--jwt-key", SECRET, "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE];
  const { url, broker } = await startConfigured([...keyed, ...flags]);
  const hub = `${url}${PATH}`;

  async function publish(
    fields: string | [string, string][],
    token?: string,
    headers: Record<string, string> = {},
  ) {
    const given = token ?? (await sign({ details: [{ actions: ["publish"], topics: [{ match: "*" }] }] }));
    const body = typeof fields === "string" ? fields : new URLSearchParams(fields).toString();
    return fetch(hub, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(given !== "" && { authorization: `Bearer ${given}` }),
        ...headers,
      },
    });
  }

  return {
    url,
    hub,
    broker,
    publish,
    subscribe: (query: string, init?: RequestInit) => open(`${hub}?${query}`, init),
  };
}

/** Opens a stream, and gathers what comes. */
export async function open(url: string, init: RequestInit = {}) {
  const stop = new AbortController();
  const response = await fetch(url, { ...init, signal: stop.signal });
  const gathered = gatherText(response, stop);
  return {
    response,
    get text() {
      return gathered.text;
    },
    get ended() {
      return gathered.ended;
    },
    /** The events, each with its fields; data of several lines is joined. */
    get events(): Record<string, string>[] {
      const blocks = gathered.text.split("\n\n").slice(0, -1);
      return blocks.map(fieldsOf).filter((fields) => "data" in fields);
    },
  };
}

function fieldsOf(block: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of block.split("\n")) {
    const [, name = "", value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (name !== "") fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
  }
  return fields;
}

interface TokenParts {
  readonly details?: unknown;
  /** The claim `mercure`. */
  readonly old?: unknown;
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: string;
  /** Seconds from now. */
  readonly expires?: number;
}

/** A token of version 1, with details of its type, or one of the dialect before. */
export function sign({
  details,
  old,
  claims = {},
  header = {},
  key = SECRET,
  expires = 3600,
}: TokenParts): Promise<string> {
  const list = Array.isArray(details) ? details.map((detail) => ({ type: DETAIL, ...detail })) : details;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: ISSUER,
    aud: AUDIENCE,
    iat: now,
    exp: now + expires,
    ...(list !== undefined && { authorization_details: list }),
    ...(old !== undefined && { mercure: old }),
    ...claims,
  })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", ...header })
    .sign(new TextEncoder().encode(key));
}
