import type { TSchema } from "@sinclair/typebox";
import type { DocumentDecoration } from "elysia";
import { mapMembers, named, plain } from "./components.ts";
import { problemResponses } from "./problems.ts";

/**
 * Whose a route is, on a hub that has keys: `everyone` is asked for no credential; a `reader` may need
 * one; a `holder` of one, a `publisher` and an `administrator` do. A `bearer` can't show it in a cookie.
 */
export type Audience = "everyone" | "reader" | "holder" | "bearer" | "publisher" | "administrator";

/** In an operation: its audience. What that takes depends on the hub, so `openapi/api-description.ts` says it. */
export const AUDIENCE = "x-audience";

/** An operation's parts that are its own. */
interface OperationParts {
  readonly tag: "subscribe" | "publish" | "operations";
  readonly audience: Audience;
  readonly summary: string;
  readonly description: string;
  /** Those that are not in the query. */
  readonly parameters?: readonly object[];
  readonly body?: Content;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** The statuses of its refusals, besides those that come with the audience and those that every route has. */
  readonly problems?: readonly number[];
}

export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, object>>;
  readonly links?: Readonly<Record<string, object>>;
}

/** Of every route: what it does not know in the query, the guard's, and the hub's own failure. */
const COMMON_PROBLEMS: readonly number[] = [400, 403, 421, 500];

/** The runtime's own answer, before any route is asked. */
const TOO_LONG = {
  431: named("responses", "RequestHeaderFieldsTooLarge", {
    description: "The address and the headers are longer than 16 KiB together; the answer has no body",
  }),
};

/** A route's `detail`: how the interface's description (OpenAPI) has it. */
export function operation({
  tag,
  audience,
  body,
  answers,
  problems = [],
  ...rest
}: OperationParts): DocumentDecoration {
  const { description } = rest;
  // Whoever asks for a credential may find it bad, and may be unable to check it.
  const asking = audience === "everyone" ? [] : [401, 503];
  const described = {
    ...rest,
    // OpenAPI has no word for it, but for scopes of OAuth.
    description: audience === "administrator" ? `Only for administrators. ${description}` : description,
    tags: [tag],
    ...(body && { requestBody: { required: true, content: body } }),
    responses: { ...answers, ...problemResponses(...COMMON_PROBLEMS, ...asking, ...problems), ...TOO_LONG },
    [AUDIENCE]: audience,
  };
  // The type is of OpenAPI 3.0, whose schemas are not JSON Schema yet, and knows no extensions.
  return described as object;
}

type Content = Readonly<Record<string, object>>;

/** JSON of this schema, which is called so among the components, with examples by name. */
export function json(name: string, schema: TSchema, examples: Readonly<Record<string, unknown>>): Content {
  const values = mapMembers(examples, (value) => ({ value }));
  return { "application/json": { schema: component(name, schema), examples: values } };
}

/** Text, with examples by name. */
export function text(mediaType: string, examples: Readonly<Record<string, string>>): Content {
  const values = mapMembers(examples, (value) => ({ value }));
  return { [mediaType]: { schema: { type: "string" }, examples: values } };
}

/** One item of this schema after the other, with examples of the whole by name. */
export function sequence(
  mediaType: string,
  itemSchema: object,
  examples: Readonly<Record<string, string>>,
): Content {
  const values = mapMembers(examples, (value) => ({ value }));
  return { [mediaType]: { itemSchema, examples: values } };
}

/** A part of the path. */
export function pathParameter(name: string, description: string, example: string) {
  return { in: "path", name, required: true, description, schema: { type: "string", examples: [example] } };
}

/** The schema, which is called so among the components. */
export function component(name: string, schema: TSchema) {
  return named("schemas", name, plain(schema));
}
