/** The request's URL. One over HTTP/1.0 may come without a Host, and then has a path only. */
export function requestUrl(request: Request): URL {
  return new URL(request.url, "http://localhost");
}
