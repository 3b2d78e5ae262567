/**
 * The reasons of refusals, and what would allow the request: options of the plugin, or flags of the
 * executable.
 */
export interface Remedies {
  readonly publish: string;
  /** For routes of administrators: clients, metrics, the console. */
  readonly administer: string;
  /** For a foreign name in `Host`. */
  readonly host: (name: string) => string;
  /** For a page of another origin. */
  readonly origin: (origin: string) => string;
}

/** Remedies that name options, for a hub within an application. */
export function pluginRemedies({ isClosed }: { readonly isClosed: boolean }): Remedies {
  const others = "is for the application itself; the option access of tidings() says who else may";
  return {
    publish: isClosed ? `publishing ${others}` : "publishing takes a key or a token that grants it",
    administer: isClosed ? `this ${others}` : "this is for administrators",
    host: (name) =>
      `${name} is not a name of this hub; if it should be: the option hosts of tidings() names it`,
    origin: (origin) =>
      `${origin} may not use this hub; if it should: the option origins of tidings() names its origin`,
  };
}
