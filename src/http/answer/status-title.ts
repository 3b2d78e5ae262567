/** The titles of the statuses that the hub itself refuses with, as `node:http` has them. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** The title of a status; undefined for a status that no one knows. */
export function statusTitle(status: number): string | undefined {
  // The module takes 0.8 MB in each process, so it is loaded for the statuses of access policies alone.
  return TITLES[status] ?? process.getBuiltinModule("node:http").STATUS_CODES[status];
}
