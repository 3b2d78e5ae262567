import { MAX_PARSED_BYTES, membersOf, notSigned, type Scheme } from "./scheme.ts";

/** How old a signature may be, in seconds, as Stripe's own libraries have it. */
const TOLERANCE = 300;

/** Stripe: `Stripe-Signature`. The signature covers the body, with the event's id, and the time. */
export const stripe: Scheme = {
  maxBytes: MAX_PARSED_BYTES,
  async verifier(secrets) {
    // It is large, and few hubs need it.
    const { default: Stripe } = await import("stripe");
    const { signature } = Stripe.webhooks;
    if (!signature) throw new Error("this build has no signatures of Stripe");
    const crypto = Stripe.createSubtleCryptoProvider();
    const isSigned = async (body: string, header: string, secret: string) => {
      try {
        return await signature.verifyHeaderAsync(body, header, secret, TOLERANCE, crypto);
      } catch {
        return false;
      }
    };
    return async (headers, body) => {
      const header = headers.get("stripe-signature") ?? "";
      const answers = await Promise.all(secrets.map((secret) => isSigned(body, header, secret)));
      if (!answers.includes(true)) throw notSigned();
      const { id, type: event } = membersOf(body);
      return { id, event };
    };
  },
};
