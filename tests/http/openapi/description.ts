/** A part of a hub's description, in so far as the tests look at it. */
export interface DescribedOperation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, DescribedContent>> };
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
}

interface DescribedAnswer {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, DescribedContent>>;
}

interface DescribedContent {
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

/** The description of the hub at this address, with what its references name in their place. */
export async function describedAt(url: string): Promise<Description> {
  return dereferenced(await (await fetch(`${url}/openapi/json`)).json()) as Description;
}

/** All operations, by method and path such as `DELETE /clients/{id}`. */
export function operationsOf({ paths }: Description): [name: string, operation: DescribedOperation][] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, DescribedOperation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

/** The description, with what its references name in their place. */
export function dereferenced(description: unknown): unknown {
  const inPlace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inPlace);
    if (typeof value !== "object" || value === null) return value;
    const reference: unknown = Object(value).$ref;
    if (typeof reference !== "string") {
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inPlace(member)]));
    }
    const names = reference.split("/").slice(1);
    return inPlace(names.reduce((at: unknown, name) => Object(at)[name], description));
  };
  return inPlace(description);
}
