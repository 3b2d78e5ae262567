import { Problem } from "../http/answer/problem.ts";

/** A delivery whose signature is good. */
export interface Delivery {
  /** The same for each try of the sender. */
  readonly id?: string | undefined;
  /** The sender's own name for the event, such as `push`. */
  readonly event?: string | undefined;
}

/** Verifies the signature of a delivery. @throws Problem 403 when the signature is not good. */
export type Verify = (headers: Headers, body: string) => Promise<Delivery>;

/** A way to sign deliveries. */
export interface Scheme {
  /** The largest body, in bytes. */
  readonly maxBytes: number;
  /** @throws Error when a secret is none of this scheme; its message is plain. */
  verifier(secrets: readonly string[]): Verify | Promise<Verify>;
}

/** A larger body of these would hold up the others while it is hashed and parsed. */
export const MAX_PARSED_BYTES = 128 * 1024;

/** 403: who does not know the secret learns nothing more. */
export function notSigned(): Problem {
  return new Problem(403, "the signature is missing, old or wrong", { type: "bad-signature" });
}

/** The members of a delivery's body that say which it is; none where they are no texts. */
export function membersOf(body: string): {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
} {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  const { id, type }: { readonly id?: unknown; readonly type?: unknown } = value;
  return { id: textOf(id), type: textOf(type) };
}

function textOf(member: unknown): string | undefined {
  return typeof member === "string" ? member : undefined;
}
