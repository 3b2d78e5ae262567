import { createHash } from "node:crypto";
import { constants, gzipSync } from "node:zlib";
import { preferredCoding } from "../stream/accept-encoding.ts";

/** A file of a page, ready to be sent. */
export interface Asset {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  /** None where it would be no smaller. */
  readonly gzip: Uint8Array<ArrayBuffer> | undefined;
  readonly etag: string;
}

/** Compresses a file once, for all who will ask for it. */
export function toAsset(type: string, plain: Uint8Array<ArrayBuffer>): Asset {
  const gzip = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
  return {
    type,
    plain,
    gzip: gzip.length < plain.length ? new Uint8Array(gzip) : undefined,
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
  };
}

/** Answers with the file, compressed where the reader takes that, or by 304 where the reader has it. */
export function sendAsset(
  { type, plain, gzip, etag }: Asset,
  request: Request,
  own: Readonly<Record<string, string>>,
): Response {
  // The second is for pages of other origins; what the rest of the hub says of it does not get here.
  const headers = { ...own, etag, vary: "accept-encoding, origin" };
  if (request.headers.get("if-none-match")?.includes(etag))
    return new Response(null, { status: 304, headers });
  const compressed = gzip && preferredCoding(request.headers.get("accept-encoding"), ["gzip"]);
  return new Response(compressed ? gzip : plain, {
    headers: { ...headers, "content-type": type, ...(compressed && { "content-encoding": "gzip" }) },
  });
}
