import { verifyWithFallback } from "@octokit/webhooks-methods";
import { notSigned, type Scheme } from "./scheme.ts";

/**
 * GitHub, and all that signs as it does: `X-Hub-Signature-256`. The signature covers the body, and neither the
 * id, the event's name nor a time.
 */
export const github: Scheme = {
  // GitHub sends 25 MB at most. The bounds of the hub are below that.
  maxBytes: 25 * 1024 * 1024,
  verifier([secret = "", ...others]) {
    return async (headers, body) => {
      const signature = headers.get("x-hub-signature-256");
      if (!signature || body === "") throw notSigned();
      if (!(await verifyWithFallback(secret, body, signature, others))) throw notSigned();
      return {
        id: headers.get("x-github-delivery") ?? undefined,
        event: headers.get("x-github-event") ?? undefined,
      };
    };
  },
};
