/** The codes that Node, Bun and Deno give to the errors of `fetch`, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ConnectionRefused: "connection refused",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "unknown host",
  EHOSTUNREACH: "no way to that host",
  ENETUNREACH: "no way to that network",
  ETIMEDOUT: "no answer in time",
  UND_ERR_CONNECT_TIMEOUT: "no answer in time",
  ECONNRESET: "the connection was closed before the answer was whole",
  UND_ERR_SOCKET: "the connection was closed before the answer was whole",
  EPIPE: "the connection was closed before the request was whole",
  EPROTO: "it does not speak TLS",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS",
  ENOENT: "there is no such socket",
  EACCES: "permission denied",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
};

/** Says in plain words why `fetch` got no answer; undefined when it gave no code that is known. */
export function reasonOf(cause: unknown): string | undefined {
  if (isCertificateFailure(cause)) return REASONS[codeOf(cause) ?? ""] ?? "its certificate is not trusted";
  return REASONS[codeOf(cause) ?? ""];
}

/** Whether the other side was reached, and its certificate refused. */
export function isCertificateFailure(cause: unknown): boolean {
  return /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/.test(codeOf(cause) ?? "");
}

/**
 * Whether something answered, and its answer can't be read: it speaks another protocol, or its headers
 * are larger than the runtime takes. Asking again would bring the same. Browsers do not tell.
 */
export function isUnreadable(cause: unknown): boolean {
  if (/^(HPE_|UND_ERR_HEADERS_OVERFLOW$|Malformed_HTTP_Response$)/.test(codeOf(cause) ?? "")) return true;
  // Deno's errors have no code.
  const root = cause instanceof Error && cause.cause instanceof Error ? cause.cause : undefined;
  return /\(SendRequest\): (message head is too large|invalid HTTP)/.test(root?.message ?? "");
}

/** Node puts the error that has the code below one that only says "fetch failed". */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return "code" in error && typeof error.code === "string" ? error.code : codeOf(error.cause);
}
