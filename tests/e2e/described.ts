import fc from "fast-check";

/** A JSON Schema, in so far as the hub's description uses it. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
}

export interface Operation {
  readonly parameters?: readonly { in: string; name: string; schema: Schema }[];
  readonly requestBody?: { content: Readonly<Record<string, { schema?: Schema; itemSchema?: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Texts that have broken servers before, and any others. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 20 }) },
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constantFrom(
    ...["", "*", "**", "a*b", "connected", "tidings.gap", "earliest", "__proto__", "constructor", "toString"],
    ...[
      "\0",
      "\r\n",
      "a\r\ndata: forged\r\n\r\n",
      "\u2028",
      "\ufeff",
      "\ud800",
      "%00",
      "%",
      "%zz",
      "../..",
      "'; --",
    ],
    ...["-1", "0", "1e999", "NaN", "null", "9007199254740993", "x".repeat(5000), "é".repeat(600)],
  ),
);

const anything = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  fc.constantFrom<unknown>(-0, 1e308, Number.MAX_SAFE_INTEGER, [], {}, [[[[[]]]]], {
    ["__proto__"]: { polluted: true },
  }),
);

/** Values that fit the schema's types, if not always its formats. */
function valueFor(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valueFor));
  switch (schema.type) {
    case "object": {
      const properties = Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, one]) => [name, valueFor(one)]),
      );
      return fc.record(properties, { requiredKeys: [...(schema.required ?? [])] });
    }
    case "array":
      return fc.array(valueFor(schema.items ?? {}), { maxLength: Math.min(5, schema.maxItems ?? 5) });
    case "string":
      return schema.format === undefined
        ? text
        : fc.oneof({ weight: 4, arbitrary: fc.stringMatching(/^[a-z]{1,8}(\/[a-z0-9]{1,4})?$/) }, text);
    case "integer":
    case "number":
      return fc.oneof(fc.nat(), fc.integer(), fc.double());
    case "boolean":
      return fc.boolean();
    default:
      return anything;
  }
}

/** Bodies for the schema: good ones, such with something wrong in them, and no JSON at all. */
function bodyOf(schema: Schema): fc.Arbitrary<string | Uint8Array> {
  const good = valueFor(schema).map((value) => JSON.stringify(value));
  const cut = fc.tuple(good, fc.nat()).map(([body, at]) => body.slice(0, at % (body.length + 1)));
  const spliced = fc
    .tuple(
      good,
      fc.nat(),
      fc.constantFrom("{", "]", '"', ",", "\0", "\\u0000", "1e400", "\u0000", "\\ud800", "[".repeat(2000)),
    )
    .map(
      ([body, at, piece]) =>
        body.slice(0, at % (body.length + 1)) + piece + body.slice(at % (body.length + 1)),
    );
  return fc.oneof(
    { weight: 4, arbitrary: good },
    cut,
    spliced,
    anything.map((value) => JSON.stringify(value)),
    text,
    fc.uint8Array({ maxLength: 200 }),
  );
}

export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

/** What a header can carry when fetch sends it. */
const headerText = text.map((value) => value.replace(/[^\t -~\x80-\xff]/g, "").trim());

const headers = (type: string | undefined, authorization: string) =>
  fc
    .record(
      {
        "content-type": fc.oneof(
          { weight: 6, arbitrary: fc.constant(type ?? "application/json") },
          fc.constantFrom(
            "text/plain",
            "application/json; charset=latin1",
            "multipart/form-data; boundary=x",
            "",
          ),
          headerText,
        ),
        authorization: fc.oneof(
          { weight: 3, arbitrary: fc.constant(authorization) },
          headerText.map((one) => `Bearer ${one}`),
          headerText,
        ),
        cookie: headerText,
        "last-event-id": headerText,
        "x-request-id": headerText,
        "x-forwarded-for": headerText,
        "if-none-match": headerText,
        "accept-encoding": fc.constantFrom("gzip", "identity", "br;q=0", "*"),
        range: fc.constant("bytes=5-1"),
      },
      { requiredKeys: ["content-type"] },
    )
    .map(
      (record) =>
        Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Record<
          string,
          string
        >,
    );

/** Requests for a path as it is described, with good and bad values for all that can be said. */
export function requestFor(
  method: string,
  path: string,
  { parameters = [], requestBody }: Operation,
  authorization: string,
): fc.Arbitrary<FuzzedRequest> {
  const [content] = Object.entries(requestBody?.content ?? {});
  const of = (where: string) => parameters.filter((parameter) => parameter.in === where);
  const query = fc.array(fc.tuple(fc.constantFrom(...of("query").map(({ name }) => name), "unknown"), text), {
    maxLength: 4,
  });
  const inPath = fc.record(Object.fromEntries(of("path").map(({ name }) => [name, text])));
  const body = content
    ? fc.option(bodyOf(content[1].schema ?? content[1].itemSchema ?? {}), { nil: undefined, freq: 8 })
    : fc.constant(undefined);
  return fc
    .record({ query, inPath, body, headers: headers(content?.[0], authorization) })
    .map(({ query, inPath, ...rest }) => {
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => segment(String(inPath[name])));
      const search = query.map(([name, value]) => `${name}=${encode(value)}`).join("&");
      return { method: method.toUpperCase(), path: search ? `${filled}?${search}` : filled, ...rest };
    });
}

/** For a URL; a lone surrogate becomes what every encoder makes of it. */
export function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** For a path, in which `.` and `..` would lead elsewhere. */
function segment(text: string): string {
  return /^\.{0,2}$/.test(text) ? "x" : encode(text);
}
