import { Webhook } from "standardwebhooks";
import { MAX_PARSED_BYTES, membersOf, notSigned, type Scheme } from "./scheme.ts";

/**
 * Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks. The signature covers the id and
 * the time, which may be five minutes off.
 */
export const standard: Scheme = {
  // The library hashes in JavaScript: 2 ms for as much, with each secret.
  maxBytes: MAX_PARSED_BYTES,
  verifier(secrets) {
    const keys = secrets.map((secret) => keyOf(secret));
    return async (headers, body) => {
      const id = headers.get("webhook-id") ?? "";
      const given = {
        "webhook-id": id,
        "webhook-timestamp": headers.get("webhook-timestamp") ?? "",
        "webhook-signature": headers.get("webhook-signature") ?? "",
      };
      if (!keys.some((key) => isSigned(key, body, given))) throw notSigned();
      return { id, event: membersOf(body).type };
    };
  },
};

function keyOf(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    throw new Error("a secret of this scheme is whsec_ and base64");
  }
}

function isSigned(key: Webhook, body: string, headers: Readonly<Record<string, string>>): boolean {
  try {
    key.verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
