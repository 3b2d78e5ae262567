import { toOpenAPISchema } from "@elysiajs/openapi/openapi";
import { type AnyElysia, Elysia } from "elysia";
import { version } from "../../version.ts";
import { COOKIE } from "../request/credential.ts";
import { mapMembers, withComponents } from "./components.ts";
import { AUDIENCE, type Audience } from "./operation.ts";
import { descriptionPage } from "./page.ts";

/** The first that describes each event of a stream. */
const VERSION = "3.2.0";

/** Where a browser finds the paths: the hub does not know below which one a proxy shows it. */
const ABOVE_THE_DESCRIPTION = "..";

/** `GET /openapi`, a page to try the application's interface, and `GET /openapi/json`, its description. */
export function apiDescription(app: AnyElysia, { isOpen }: { readonly isOpen: boolean }) {
  let description: object | undefined;
  return new Elysia({ detail: { hide: true } }).use(descriptionPage()).get("/openapi/json", () => {
    // By now the application has all its routes.
    description ??= describe(app, isOpen);
    return description;
  });
}

function describe(app: AnyElysia, isOpen: boolean) {
  const described = withComponents(withSecurity(pathsOf(app), isOpen));
  return {
    openapi: VERSION,
    info: {
      title: "Tidings",
      version,
      description: "Publish typed events, receive them live.",
      contact: { name: "Whoever runs this hub" },
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: ABOVE_THE_DESCRIPTION, description: "This hub" }],
    tags: [
      { name: "subscribe", description: "Receive events" },
      { name: "publish", description: "Send events" },
      { name: "operations", description: "Run the hub" },
    ],
    paths: described.paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A key or a signed token" },
        ...(!isOpen && {
          cookie: {
            type: "apiKey",
            in: "cookie",
            name: COOKIE,
            description: "The same, from a browser: `POST /session` sets it",
          },
        }),
      },
      ...described.components,
    },
  };
}

interface Parameter {
  readonly in: string;
  readonly name: string;
}

type Operations = Readonly<
  Record<string, { readonly [AUDIENCE]?: Audience; readonly parameters?: readonly Parameter[] }>
>;

function pathsOf(app: AnyElysia) {
  // A path has operations and nothing else, each of which is the detail of its route.
  const paths = toOpenAPISchema(app).paths as Record<
    string,
    Record<string, { parameters?: readonly Parameter[] }>
  >;
  for (const { method, path, hooks } of app.routes) {
    const operation = paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
    const own: readonly Parameter[] | undefined = hooks?.detail?.parameters;
    if (!operation || !own) continue;
    // Where a path has parameters, its own are all that is left, without a description.
    const others = operation.parameters?.filter((one) => !own.some(({ name }) => name === one.name)) ?? [];
    operation.parameters = [...others, ...own];
  }
  return paths;
}

/** The same paths, whose operations say what credential this hub asks for. */
function withSecurity(paths: Readonly<Record<string, Operations>>, isOpen: boolean) {
  return mapMembers(paths, (operations) =>
    mapMembers(operations, ({ [AUDIENCE]: audience = "everyone", ...operation }) => ({
      ...operation,
      security: securityFor(audience, isOpen),
    })),
  );
}

/** OpenAPI 3.2, "Security Requirement Object": any of these will do. The empty one stands for no credential. */
function securityFor(audience: Audience, isOpen: boolean): readonly object[] {
  if (audience === "bearer") return [{ bearer: [] }];
  if (isOpen || audience === "everyone") return [];
  const credentials = [{ bearer: [] }, { cookie: [] }];
  return audience === "reader" ? [{}, ...credentials] : credentials;
}
