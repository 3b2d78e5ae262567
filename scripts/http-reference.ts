import { createApp } from "../src/app.ts";
import { Broker } from "../src/broker/broker.ts";
import { flagRemedies } from "../src/config/remedies.ts";
import { publicAccess } from "../src/http/access/access.ts";
import { silent } from "../src/logger.ts";
import { table, writePart } from "./generated-part.ts";

// The routes of a hub as the manual lists them, from the description of the interface (OpenAPI). After a
// change of a route, this writes them anew:
//
//   bun scripts/http-reference.ts

interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
  }[];
  readonly responses: Readonly<Record<string, object>>;
}

interface Description {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The description of a hub that has keys. */
async function describedHub(): Promise<Description> {
  const broker = new Broker();
  const app = createApp({ remedies: flagRemedies, broker, logger: silent, access: publicAccess });
  const answer = await app.handle(new Request("http://localhost/openapi/json"));
  broker.close();
  return answer.json();
}

/** The reference in Markdown. */
export async function httpReference(): Promise<string> {
  const { tags, paths } = await describedHub();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      ...operation,
    })),
  );
  return tags
    .map(({ name, description }) => {
      const own = operations
        .filter((operation) => operation.tags.includes(name))
        // Least needed.
        .toSorted((a, b) => Number(a.name.endsWith("/session")) - Number(b.name.endsWith("/session")));
      return [`## ${description}`, ...own.map(section)].join("\n\n");
    })
    .join("\n\n");
}

function section({
  name,
  summary,
  description,
  security,
  parameters = [],
  responses,
}: Operation & { name: string }) {
  const statuses = Object.keys(responses);
  const refusals = statuses.filter((status) => status >= "400");
  const answers = statuses.filter((status) => status < "400");
  const known = parameters.filter((parameter) => parameter.description !== undefined);
  return [
    `### ${name}`,
    `${summary}. ${credential(security)}`,
    // One paragraph: a line of its own would be a heading to some.
    description.replaceAll(/\s*\n\s*/g, " "),
    ...(known.length > 0
      ? [
          table(
            ["name", "where", "meaning"],
            known.map((one) => [
              `\`${one.name}\``,
              one.in === "query" && one.required ? "query, required" : one.in,
              (one.description ?? "").replaceAll("\n", " "),
            ]),
          ),
        ]
      : []),
    `Answers ${answers.join(", ")}; refuses with ${refusals.join(", ")}.`,
  ].join("\n\n");
}

function credential(security: readonly object[]): string {
  if (security.length === 0) return "For everyone.";
  if (security.some((one) => Object.keys(one).length === 0))
    return "For everyone, or with `--private` with a credential.";
  return "Takes a credential.";
}

if (import.meta.main) {
  await writePart("src/manual/http.md", "routes", await httpReference());
  process.exit();
}
