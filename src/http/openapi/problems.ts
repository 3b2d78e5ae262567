import { Type } from "@sinclair/typebox";
import { PROBLEM_TITLES, type ProblemType } from "../../protocol/problem.ts";
import { statusTitle } from "../answer/status-title.ts";
import { named, plain } from "./components.ts";
import { CHALLENGE, REQUEST_ID_HEADER, RETRY_AFTER, TAKEN_CODING } from "./response-headers.ts";

const kinds = Object.entries(PROBLEM_TITLES).map(([kind, title]) => `- \`${kind}\`: ${title}.`);

const ProblemDetails = Type.Object(
  {
    type: Type.Optional(
      Type.String({
        format: "uri-reference",
        description: `The kind of problem, where the status alone does not say enough:\n${kinds.join("\n")}`,
        examples: Object.keys(PROBLEM_TITLES),
      }),
    ),
    title: Type.String({ description: "The kind of problem, or the status, in words" }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: "What is wrong with this request" }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ format: "json-pointer", description: "A JSON Pointer into the body" }),
          message: Type.String(),
        }),
        { description: "Each path of the body that is wrong" },
      ),
    ),
    request_id: Type.String({ description: "Also in the hub's log" }),
  },
  { description: "RFC 9457, Problem Details for HTTP APIs" },
);

/** The details of a problem. */
export const PROBLEM = named("schemas", "Problem", plain(ProblemDetails));

interface Example {
  readonly type?: ProblemType;
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

interface Refusal {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly examples: readonly Example[];
}

/** What each status stands for, at whichever route. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: {
    description: "The request is malformed, or its query has a name that this route does not know",
    headers: { "WWW-Authenticate": CHALLENGE },
    examples: [
      { type: "unknown-parameter", detail: 'the query has no "topics"; did you mean topic?' },
      { detail: "the request has more than one Host" },
    ],
  },
  401: {
    description: "No credential, or one that is not or no longer good",
    headers: { "WWW-Authenticate": CHALLENGE },
    examples: [{ detail: "the token has expired" }],
  },
  403: {
    description: "What the credential does not grant, or a page of an origin that may not use the hub",
    headers: { "WWW-Authenticate": CHALLENGE },
    examples: [
      { detail: "the token grants orders/*, but not billing" },
      { type: "bad-signature", detail: "the signature is missing, old or wrong" },
    ],
  },
  404: {
    description: "There is none of this name",
    examples: [{ detail: 'no event with the id "order-7" is held' }],
  },
  408: {
    description: "The body took too long",
    examples: [{ detail: "a body takes 30 s at most" }],
  },
  409: {
    description: "The id is already used for a different event, or the topic has ended",
    examples: [
      { type: "id-conflict", detail: 'the id "order-7" is already used for a different event' },
      { type: "topic-ended", detail: 'the topic "chat/1" has ended' },
    ],
  },
  413: {
    description: "The body is too large, or a batch is more than the sender's rate ever allows",
    examples: [
      { detail: "a body here is 1048576 bytes at most" },
      { type: "rate-exceeded", detail: "at 100 events a second, a batch has 200 at most" },
    ],
  },
  415: {
    description: "The body is declared as something else, or is compressed",
    headers: { "Accept-Encoding": TAKEN_CODING },
    examples: [{ detail: "the body is declared as text/plain: send it with content-type: application/json" }],
  },
  421: {
    description: "The Host of the request is no name of this hub",
    examples: [{ detail: "hub.example.org is not a name of this hub" }],
  },
  422: {
    description: "The body does not match its schema",
    examples: [
      {
        type: "invalid-event",
        detail: "/data/severity: Expected one of info, warning, error, critical",
        errors: [{ path: "/data/severity", message: "Expected one of info, warning, error, critical" }],
      },
    ],
  },
  429: {
    description: "The sender asks for more than it may",
    headers: { "Retry-After": RETRY_AFTER },
    examples: [
      { type: "rate-exceeded", detail: "a publisher may send 100 events a second" },
      { type: "address-full", detail: "10.0.0.7 has as many clients as an address may have" },
    ],
  },
  500: {
    description: "The hub failed to answer; its log says why",
    examples: [{ type: "failed", detail: "the hub failed to answer; its log says why" }],
  },
  501: {
    description: "This hub's store can't do it",
    examples: [
      { detail: "this hub's store can't be copied while it runs" },
      { detail: "this hub's store keeps no current values" },
      { detail: "topics do not end in this hub's store" },
    ],
  },
  503: {
    description: "Not now: the hub is stopping or full, its store fails, or the keys for tokens can't be had",
    headers: { "Retry-After": RETRY_AFTER },
    examples: [
      { type: "draining", detail: "the hub is stopping" },
      { type: "full", detail: "the hub has as many clients as it takes" },
      { type: "out-of-descriptors", detail: "the hub's process can open no more connections" },
      { type: "store-failing", detail: "the store fails; the hub's log says why" },
      { type: "keys-unavailable", detail: "the keys that tokens are checked with can't be had" },
    ],
  },
};

/** How a route may refuse, as the interface's description (OpenAPI) has it. */
export function problemResponses(...statuses: readonly number[]) {
  return Object.fromEntries(statuses.map((status) => [status, problemResponse(status)]));
}

function problemResponse(status: number) {
  const refusal = REFUSALS[status];
  const title = statusTitle(status);
  if (!refusal || !title) throw new Error(`no route refuses with ${status}`);
  const { description, headers, examples } = refusal;
  const content = {
    schema: PROBLEM,
    examples: Object.fromEntries(
      examples.map(({ type, ...rest }) => [
        type ?? "other",
        {
          value: {
            ...(type && { type }),
            title: type ? PROBLEM_TITLES[type] : title,
            status,
            ...rest,
            request_id: "0b7d3a52-4f6c-4c1e-9a55-2f3f6f0a7d10",
          },
        },
      ]),
    ),
  };
  return named("responses", title.replaceAll(/[^A-Za-z]/g, ""), {
    description,
    headers: { "X-Request-Id": REQUEST_ID_HEADER, ...headers },
    content: { "application/problem+json": content },
  });
}
