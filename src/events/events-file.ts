import { realpath } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { filesOf } from "./module-files.ts";
import { CatalogError, compileSchemas, type EventSchemas } from "./schema.ts";

/** How long a module may take to load, in ms: one that waits for something for ever is a mistake. */
const LONGEST_LOAD = 10_000;

/**
 * A module whose default export maps event types to TypeBox schemas. It is loaded into a module
 * graph of its own, so each time it and all it imports are read afresh, and what it started (a timer,
 * say) ends when the schemas are had.
 */
export class EventsFile {
  /** As it was given. */
  readonly name: string;
  readonly #path: string;

  /** The path may be relative to the working directory. */
  constructor(path: string) {
    this.name = path;
    this.#path = resolve(path);
  }

  /**
   * The event types in it, checked.
   *
   * @throws CatalogError with one line that names the file, and the type if it is at fault.
   */
  async load(): Promise<EventSchemas> {
    const path = await this.#target();
    try {
      if (!(await Bun.file(path).exists())) throw new CatalogError("there is no such file");
      const schemas = await importDefault(path);
      compileSchemas(schemas);
      // What compiles is a record of schemas.
      return schemas as EventSchemas;
    } catch (error) {
      throw new CatalogError(`${this.name}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** The file as it was named, and all that it is made of: itself and what it imports. */
  async files(): Promise<readonly string[]> {
    return [this.#path, ...(await filesOf(await this.#target()))];
  }

  /** Links are followed here: the runtime remembers where one pointed when it first met it. */
  #target(): Promise<string> {
    return realpath(this.#path).catch(() => this.#path);
  }
}

async function importDefault(path: string): Promise<unknown> {
  serveOwnModules();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Nobody else would hear of what it lets fail by the way, but the process, which would end.
  using graph = new Bun.ModuleGraph({ onError: reject });
  const timer = setTimeout(
    () => reject(new Error(`not loaded within ${LONGEST_LOAD / 1000} s`)),
    LONGEST_LOAD,
  );
  try {
    const module = await Promise.race([graph.import<Record<string, unknown>>(path), failed]);
    if (!("default" in module)) {
      throw new CatalogError("has no default export, which maps event types to TypeBox schemas");
    }
    return module["default"];
  } finally {
    clearTimeout(timer);
  }
}

/** One line about why a module did not load. */
function reasonOf(error: unknown): string {
  // Several syntax errors come together; the first is often the cause of the others.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const [line = ""] = String(first instanceof Error ? first.message : first).split("\n");
  if (!(first instanceof BuildMessage) || !first.position) return line;
  const { file, line: row, column } = first.position;
  return `${line} (${relative("", file)}:${row}:${column})`;
}

/**
 * The packages that an events file may import where they are not installed: the program brings
 * its own. Each is only evaluated when somebody asks for it.
 */
const modules: Readonly<Record<string, () => Promise<object>>> = {
  "@sinclair/typebox": () => import("@sinclair/typebox"),
  "@sinclair/typebox/compiler": () => import("@sinclair/typebox/compiler"),
  "@sinclair/typebox/errors": () => import("@sinclair/typebox/errors"),
  "@sinclair/typebox/parser": () => import("@sinclair/typebox/parser"),
  "@sinclair/typebox/syntax": () => import("@sinclair/typebox/syntax"),
  "@sinclair/typebox/system": () => import("@sinclair/typebox/system"),
  "@sinclair/typebox/type": () => import("@sinclair/typebox/type"),
  "@sinclair/typebox/value": () => import("@sinclair/typebox/value"),
  elysia: () => import("elysia"),
};

let served = false;

/**
 * From here on, whatever is imported at run time gets these packages from the program, even where
 * others are installed: with them it shares the registries of formats and kinds.
 */
export function serveOwnModules(): void {
  if (served) return;
  served = true;
  Bun.plugin({
    name: "tidings",
    setup(build) {
      for (const [name, load] of Object.entries(modules)) {
        build.module(name, async () => ({ loader: "object", exports: { ...(await load()) } }));
      }
    },
  });
}
