/** Sends one command to Redis, and answers its reply. */
export interface Commands {
  send(command: string, args: readonly string[]): Promise<unknown>;
}

/** Redis answered with something that no version of the scripts says. */
export class UnexpectedReply extends Error {
  override readonly name = "UnexpectedReply";

  constructor(reply: unknown) {
    super(`Redis gave an unexpected reply: ${JSON.stringify(reply)?.slice(0, 200)}`);
  }
}

/** A whole number of a reply. @throws UnexpectedReply */
export function integer(value: unknown): number {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) throw new UnexpectedReply(value);
  return number;
}

/** The fields of a reply that is a map in RESP3, and a list of names and values in RESP2. */
export function fieldsOf(reply: unknown): Map<string, string> {
  if (!Array.isArray(reply))
    return new Map(Object.entries(Object(reply)).map(([name, value]) => [name, String(value)]));
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]));
  return fields;
}
