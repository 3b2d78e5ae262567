/**
 * The request's URL. Over HTTP/1.0 it may come without a Host, and then has a path only; a Host that
 * is none, such as `a:b`, would not parse.
 */
export function requestUrl({ url }: Request): URL {
  return URL.parse(url) ?? new URL(`http://localhost/${url.replace(/^(?:\w+:\/\/[^/?#]*)?\/?/, "")}`);
}

export const REQUEST_ID = "x-request-id";

/** What may stand in a header and a log line without harm. */
const ACCEPTABLE = /^[\x21-\x7e]{1,128}$/;

/** The id that the client or a proxy has given the request, if it is fit to be repeated. */
export function givenRequestId(request: Request): string | undefined {
  const given = request.headers.get(REQUEST_ID);
  return given !== null && ACCEPTABLE.test(given) ? given : undefined;
}
