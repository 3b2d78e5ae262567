import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Host, RedisAddress } from "./address.ts";

const DEADLINE_MS = 2000;
const PLAIN_DEADLINE_MS = 500;
/** What Redis answers to AUTH, PING and SELECT is shorter, in characters. */
const MAX_REPLY = 4096;

/**
 * Why a Redis can't be used: in plain words, and each cause in its own. Bun's client says the same of
 * all: that the connection was closed.
 */
export async function diagnose(host: Host, address: RedisAddress): Promise<string> {
  const name = `${host.hostname}:${host.port}`;
  const { promise, resolve } = Promise.withResolvers<string>();
  const hostname = host.hostname.replace(/^\[|\]$/g, "");
  const where = { host: hostname, port: host.port };
  const socket: Socket = address.tls
    ? connectTls({
        ...where,
        ...(isIP(hostname) === 0 && { servername: hostname }),
        ...(address.ca !== undefined && { ca: address.ca }),
      })
    : connectPlain(where);
  let isConnected = false;
  socket.once("connect", () => {
    isConnected = true;
  });
  const timer = setTimeout(async () => {
    if (!isConnected) resolve(`${name} does not answer: the host is down, or something drops its packets`);
    else if (address.tls && (await speaksPlainly(where))) resolve(`${name}: it speaks no TLS`);
    else resolve(`${name} takes the connection, and says nothing: it may have stopped`);
  }, DEADLINE_MS);
  const asked = questions(address);
  let reply = "";
  socket.once(address.tls ? "secureConnect" : "connect", () => {
    for (const words of asked) socket.write(command(...words));
  });
  socket.on("data", (data) => {
    reply += data.toString();
    // Something else answers, or without end.
    if (!/^[-+]/.test(reply) || reply.length > MAX_REPLY) {
      resolve(`${name} does not speak the protocol of Redis`);
      return;
    }
    const error = /^-(.*)\r\n/m.exec(reply)?.[1];
    // The answers may come one by one. A hub needs no right for PING.
    const isWhole = reply.split("\r\n").length > asked.length;
    const answers = error === undefined ? isWhole : /^NOPERM.*'ping'/i.test(error);
    if (answers) resolve(`${name} could not be used a moment ago, and answers now`);
    else if (error !== undefined) resolve(explain(name, address, error));
  });
  const tls = address.tls ? "speak no TLS" : "want TLS (rediss://)";
  const closed = `closed the connection at once: it may ${tls}, or be a proxy whose Redis is down`;
  socket.once("error", (error: NodeJS.ErrnoException) => {
    resolve(error.code === "ECONNRESET" ? `${name} ${closed}` : `${name}: ${explainError(error)}`);
  });
  socket.once("close", () => resolve(`${name} ${closed}`));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Commands whose answers tell whether this user can use this Redis. */
function questions({ username, password, database }: RedisAddress): (readonly string[])[] {
  const user = username ? [username] : [];
  return [
    ...(password === undefined ? [] : [["AUTH", ...user, password]]),
    // A Sentinel has no databases.
    database === 0 ? ["PING"] : ["SELECT", `${database}`],
  ];
}

/** Whether a port that leaves TLS unanswered answers without. */
async function speaksPlainly(where: { readonly host: string; readonly port: number }): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectPlain(where, () => socket.write(command("PING")));
  socket.once("data", () => resolve(true));
  socket.once("error", () => resolve(false));
  socket.once("close", () => resolve(false));
  const timer = setTimeout(() => resolve(false), PLAIN_DEADLINE_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

function explain(name: string, { username = "default", database }: RedisAddress, error: string): string {
  if (/^(WRONGPASS|ERR AUTH)|invalid password/.test(error))
    return `${name} refuses the user or the password: ${error}`;
  if (error.startsWith("NOAUTH")) return `${name} wants a password`;
  if (/out of range/.test(error)) return `${name} has no database ${database}: ${error}`;
  if (/^NOPERM.*'select/i.test(error))
    return `${name}: the user ${username} lacks a right to choose a database: ACL SETUSER ${username} +select`;
  if (error.startsWith("NOPERM")) return `${name}: the user lacks a right: ${error}`;
  if (error.startsWith("LOADING")) return `${name} is still loading what it has on disk`;
  return `${name} answers: ${error}`;
}

function explainError({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no host of that name";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return "the host can't be reached";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "EPROTO":
      return "it speaks no TLS";
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet, by the clock of this machine";
    case "ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED":
      return "it wants a certificate of each client, and a hub has none: set tls-auth-clients to no";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for another host: ${message}`;
    default:
      return code !== undefined && /CERT|SIGNED|ISSUER|VERIFY/.test(code)
        ? `its certificate is not trusted, since ca names no authority that has signed it: ${message} (${code})`
        : message;
  }
}
