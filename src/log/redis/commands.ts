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
