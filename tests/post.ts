/** Posts a body as JSON. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return postText(url, JSON.stringify(body), headers);
}

/** Posts what is JSON already, or is to be taken for it. */
export function postText(
  url: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}
