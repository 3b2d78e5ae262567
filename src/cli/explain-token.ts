import { decodeJwt, decodeProtectedHeader, type JWTPayload } from "jose";
import { type Claims, readClaims } from "../auth/claims.ts";
import { readMercureClaims } from "../auth/mercure-claims.ts";
import { InvalidToken } from "../auth/tokens.ts";
import { shownPattern } from "../topics/matcher.ts";
import { CliError } from "./error.ts";

/** The parts of a token, not verified. */
export interface OpenedToken {
  readonly algorithm: string;
  /** The `typ` of its header. */
  readonly type: string | undefined;
  readonly payload: JWTPayload;
}

/** Reads the parts of a token. @throws CliError when the text is no token */
export function openToken(token: string): OpenedToken {
  try {
    const { alg, typ } = decodeProtectedHeader(token);
    return { algorithm: String(alg), type: typ, payload: decodeJwt(token) };
  } catch {
    throw new CliError("not a token: one has three parts in base64url, with dots between");
  }
}

/** Explains a token. Each line has a subject and plain words. */
export function explainToken({ algorithm, type, payload }: OpenedToken): [about: string, words: string][] {
  const lines: [string, string][] = [["signed with", algorithm]];
  const add = (about: string, value: unknown) => {
    if (value !== undefined) lines.push([about, typeof value === "string" ? value : JSON.stringify(value)]);
  };
  add("for", payload.sub);
  add("issued by", payload.iss);
  add("meant for", payload.aud);
  const isMercure = MERCURE_CLAIMS.some((claim) => payload[claim] !== undefined);
  if (!isMercure || payload["tidings"] !== undefined) lines.push(...explainGrants(payload));
  if (isMercure) lines.push(...explainMercure(type, payload));
  add("issued", explainTime(payload.iat));
  add("not before", explainTime(payload.nbf));
  const isOver = typeof payload.exp === "number" && payload.exp * 1000 <= Date.now();
  lines.push([isOver ? "expired" : "expires", explainTime(payload.exp) ?? "never"]);
  return lines;
}

function explainGrants(payload: JWTPayload): [string, string][] {
  if (payload["tidings"] === undefined) return [["grants", "nothing, since it has no claim tidings"]];
  let claims: Claims;
  try {
    claims = readClaims(payload);
  } catch (error) {
    if (error instanceof InvalidToken) return [["grants", `nothing: ${error.message}`]];
    throw error;
  }
  return [
    ["publishes", explainPublish(claims)],
    ["reads", explainSubscribe(claims)],
    ...explainPresence(claims),
  ];
}

/** The claims of the Mercure protocol: of version 1, and of the dialect before. */
const MERCURE_CLAIMS = ["authorization_details", "mercure", "https://mercure.rocks/"];

function explainMercure(type: string | undefined, payload: JWTPayload): [string, string][] {
  const version =
    payload["authorization_details"] === undefined ? "0.x, for a hub with --mercure-compat" : "1";
  const lines: [string, string][] = [["Mercure", `version ${version}`]];
  try {
    const url = "https://localhost/.well-known/mercure";
    const rules = { issuer: payload.iss, audience: [payload.aud].flat()[0] };
    const { publish = [], subscribe = [] } = readMercureClaims(
      { payload, type, rules },
      { url, compat: true },
    );
    const shown = (patterns: readonly string[]) => [...new Set(patterns.map(shownPattern))].join(", ");
    lines.push(["publishes", publish.length > 0 ? `updates on ${shown(publish)}` : "nothing"]);
    lines.push([
      "reads",
      `public updates${subscribe.length > 0 ? `, and private ones on ${shown(subscribe)}` : ""}`,
    ]);
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    lines.push(["grants", `nothing: ${error.message}`]);
  }
  return lines;
}

function explainPublish({ publish }: Claims): string {
  if (!publish || publish.topics.length === 0) return "nothing";
  const { topics, types = [] } = publish;
  const what = types.length > 0 ? `events of type ${types.join(", ")}` : "events of every type";
  const where = topics.includes("*") ? "on every topic, and without one" : `on ${topics.join(", ")}`;
  return `${what} ${where}`;
}

function explainSubscribe({ subscribe = [] }: Claims): string {
  if (subscribe.length === 0) return "public events alone, and nothing from a hub that is --private";
  const where = subscribe.includes("*") ? "on every topic" : `on ${subscribe.join(", ")}`;
  return `public events, and private ones ${where}`;
}

function explainPresence({ presence = [] }: Claims): [string, string][] {
  if (presence.length === 0) return [];
  const where = presence.includes("*") ? "on every topic" : `on ${presence.join(", ")}`;
  return [["knows", `who reads ${where}, as far as it may read private events there`]];
}

const relative = new Intl.RelativeTimeFormat("en");
const UNITS: readonly [Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** A NumericDate (RFC 7519, section 2), such as `2026-01-01T00:00:00.000Z, in 5 minutes`. */
function explainTime(time: unknown): string | undefined {
  if (time === undefined) return undefined;
  const date = typeof time === "number" ? new Date(time * 1000) : undefined;
  if (date === undefined || Number.isNaN(date.getTime())) return `${JSON.stringify(time)}, which is no time`;
  const seconds = (date.getTime() - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? (["second", 1] as const);
  return `${date.toISOString()}, ${relative.format(Math.trunc(seconds / length), unit)}`;
}
