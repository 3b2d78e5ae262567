/**
 * The request's URL. Over HTTP/1.0 it may come without a Host, and then has a path only; a Host that
 * is none, such as `a:b`, would not parse.
 */
export function requestUrl({ url }: Request): URL {
  return URL.parse(url) ?? new URL(`http://localhost/${url.replace(/^(?:\w+:\/\/[^/?#]*)?\/?/, "")}`);
}
