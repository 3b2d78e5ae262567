/** The path of the hub for this protocol (RFC 8615). */
export const MERCURE_PATH = "/.well-known/mercure";
