import { hubUrl } from "../hub-url.ts";
import type { PublishedDraft } from "./draft.ts";

interface SnippetAbout {
  /** The event's type is one that the SDK knows. */
  readonly isBuiltin: boolean;
  /** The hub asks publishers for a key or token. */
  readonly keyed: boolean;
}

/** The ways in which a program can send the same request. */
export const snippets: Readonly<Record<string, (event: PublishedDraft, about: SnippetAbout) => string>> = {
  curl: (event, { keyed }) =>
    [
      `curl ${quoted(`${address}/publish`)}`,
      ...(keyed ? ['-H "authorization: Bearer $TIDINGS_TOKEN"'] : []),
      `-H 'content-type: application/json'`,
      `-d ${quoted(readable(event))}`,
    ].join(" \\\n  "),
  sdk: ({ type, data, ...options }, { isBuiltin, keyed }) => {
    const token = keyed ? ", token: process.env.TIDINGS_TOKEN" : "";
    const more = Object.keys(options).length > 0 ? `, ${literal(options)}` : "";
    const types = isBuiltin ? "" : 'import type events from "./events";\n';
    return `import { createPublisher } from "tidings/sdk";
${types}
const hub = createPublisher${isBuiltin ? "" : "<typeof events>"}({ url: ${JSON.stringify(address)}${token} });
await hub.publish(${JSON.stringify(type)}, ${literal(data)}${more});`;
  },
  // The command takes the token from the environment too.
  cli: ({ type, data, topics = [], id, ...more }) => {
    const text = JSON.stringify(data) ?? "null";
    // The command has flags for what is usual, and takes what begins with a dash for one; a line of
    // input can say everything.
    if ("private" in more || type.startsWith("-") || text.startsWith("-")) {
      const event = { type, data, topics, id, ...more };
      return `printf '%s\\n' ${quoted(JSON.stringify(event))} | \\\n  tidings publish - --url ${quoted(address)}`;
    }
    const parts = [`tidings publish ${quoted(type)} ${quoted(text)}`];
    for (const topic of topics) parts.push(`--topic ${quoted(topic)}`);
    if (id !== undefined) parts.push(`--id ${quoted(id)}`);
    return [...parts, `--url ${quoted(address)}`].join(" \\\n  ");
  },
};

const address = hubUrl.replace(/\/$/, "");

/** How long a line may be before it is laid out over several. */
const MAX_LINE_LENGTH = 64;

function readable(value: unknown): string {
  const line = JSON.stringify(value);
  return line.length <= MAX_LINE_LENGTH ? line : JSON.stringify(value, null, 2);
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** JSON as a person writes it in TypeScript. */
function literal(value: unknown): string {
  const text = JSON.stringify(value, null, 2) ?? "undefined";
  return text.replace(/^(\s*)"([A-Za-z_$][\w$]*)":/gm, "$1$2:");
}
