import { Kind, type Static, type TObject, type TSchema, type TString, Type } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { nearestName } from "../../events/nearest-name.ts";
import { violations } from "../../events/violation.ts";
import { Problem } from "../answer/problem.ts";
import { tokenInAddress } from "./credential.ts";
import { requestUrl } from "./request.ts";

/** How many characters of an unknown name are shown. */
const MAX_SHOWN = 100;
/** In a name's schema: other spellings, which polyfills send. */
const ALIASES = "x-aliases";
/** Names by which other services take a token in the address. This hub has an answer of its own for them. */
const TOKEN_NAMES: ReadonlySet<string> = new Set(["access_token", "token", "authorization", "jwt"]);

/**
 * A text in a query, such as the example. Clients that can't help it may call it by an alias, which
 * then wins.
 */
export function textParameter(description: string, example: string, aliases: readonly string[] = []) {
  const also = aliases.length > 0 ? ` ${aliases.join(" and ")} are taken for it.` : "";
  return Type.Optional(
    Type.String({
      description: description + also,
      examples: [example],
      ...(aliases.length > 0 && { [ALIASES]: aliases }),
    }),
  );
}

/** A name that stands alone, as in `?private`, or has `true` or `false` after it. */
export function flagParameter(description: string) {
  return Type.Optional(
    Type.Union([Type.Literal(""), Type.Literal("true"), Type.Literal("false")], { description }),
  );
}

/** Whether a flag is set. */
export function isSet(flag: string | undefined): boolean {
  return flag !== undefined && flag !== "false";
}

/** A text such as the example that may be given several times. */
export function listParameter(description: string, example: string, text: TString = Type.String()) {
  return Type.Optional(Type.Array(text, { description, examples: [[example]] }));
}

/**
 * What a route takes in its query, by its schema: the check of each request, and the route's
 * parameters in the interface's description. A name that the schema does not have is refused: left
 * out of account, a misspelt `topic` would subscribe to everything.
 */
export class QueryReader<Schema extends TObject> {
  readonly #schema: Schema;
  readonly #check: TypeCheck<Schema>;
  readonly #aliases = new Map<string, string>();
  /** The answer to most requests, which have no query; undefined where one is needed. */
  readonly #empty: Static<Schema> | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#check = TypeCompiler.Compile(schema);
    const empty: unknown = Object.freeze({});
    if (this.#check.Check(empty)) this.#empty = empty;
    for (const [name, property] of Object.entries(schema.properties)) {
      for (const alias of (property[ALIASES] as readonly string[] | undefined) ?? []) {
        this.#aliases.set(alias, name);
      }
    }
  }

  /** The request's query. @throws Problem 400 when it does not fit the schema. */
  read(request: Request): Static<Schema> {
    const hasQuery = request.url.includes("?");
    if (!hasQuery && this.#empty) return this.#empty;
    const values: Record<string, unknown> = {};
    const renamed: Record<string, string> = {};
    const asked = hasQuery ? requestUrl(request).searchParams : [];
    for (const [name, text] of asked) {
      const property = this.#propertyOf(name);
      const alias = this.#aliases.get(name);
      if (alias !== undefined) {
        if (text !== "") renamed[alias] = text;
      } else if (property[Kind] === "Array") {
        const list = values[name];
        if (Array.isArray(list)) list.push(text);
        else values[name] = [text];
      } else {
        if (Object.hasOwn(values, name)) throw new Problem(400, `${name} is given more than once`);
        values[name] = property[Kind] === "Integer" ? integerOf(text) : text;
      }
    }
    Object.assign(values, renamed);
    if (this.#check.Check(values)) return values;
    const [wrong] = violations(this.#check, values);
    throw new Problem(400, `${wrong?.path.slice(1)}: ${wrong?.message}`);
  }

  /** As the interface's description (OpenAPI) has them. */
  get parameters() {
    const required = new Set(this.#schema.required);
    return Object.entries(this.#schema.properties).map(
      ([name, { description = "", [ALIASES]: _aliases, ...schema }]) => ({
        in: "query" as const,
        name,
        ...(required.has(name) && { required: true }),
        description,
        schema: JSON.parse(JSON.stringify(schema)),
      }),
    );
  }

  #propertyOf(name: string): TSchema {
    const { properties } = this.#schema;
    const own = this.#aliases.get(name) ?? name;
    const property = Object.hasOwn(properties, own) ? properties[own] : undefined;
    if (property) return property;
    if (TOKEN_NAMES.has(name)) throw tokenInAddress();
    throw unknownName(name, Object.keys(properties));
  }
}

function integerOf(text: string): unknown {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

function unknownName(name: string, known: readonly string[]): Problem {
  const type = "unknown-parameter";
  // However long it is, the answer is not.
  const shown = JSON.stringify(name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);
  const meant = nearestName(name, known);
  if (meant) return new Problem(400, `the query has no ${shown}; did you mean ${meant}?`, { type });
  const taken = known.length > 0 ? `it takes ${known.join(", ")}` : "this route takes none";
  return new Problem(400, `the query has no ${shown}; ${taken}`, { type });
}
