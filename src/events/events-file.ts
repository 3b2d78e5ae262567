import { realpath } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { filesOf } from "./module-files.ts";
import { CatalogError, compileSchemas, type EventSchemas } from "./schema.ts";

/** How long a module may take to load, in ms. A module that never ends is a mistake. */
const MAX_LOAD_MS = 10_000;

/**
 * A module whose default export maps event types to TypeBox schemas. Each load has a module graph of its
 * own. So the module and its imports are read again, and a timer that the module has started ends after
 * the load.
 */
export class EventsFile {
  /** The path as it was given. */
  readonly name: string;
  readonly #path: string;

  /** The path may be relative to the working directory. */
  constructor(path: string) {
    this.name = path;
    this.#path = resolve(path);
  }

  /**
   * Loads and checks the event types.
   *
   * @throws CatalogError with one line that names the file, and the event type at fault
   */
  async load(): Promise<EventSchemas> {
    const path = await this.#target();
    try {
      if (!(await Bun.file(path).exists())) throw new CatalogError("there is no such file");
      const schemas = await importDefault(path);
      compileSchemas(schemas);
      // compileSchemas() accepts a record of schemas only.
      return schemas as EventSchemas;
    } catch (error) {
      throw new CatalogError(`${this.name}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** The file as it was named, and the files that the module consists of. */
  async files(): Promise<readonly string[]> {
    return [this.#path, ...(await filesOf(await this.#target()))];
  }

  /** Resolves links. The runtime would remember the first target of a link, and miss a change. */
  #target(): Promise<string> {
    return realpath(this.#path).catch(() => this.#path);
  }
}

async function importDefault(path: string): Promise<unknown> {
  serveOwnModules();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Without this, an unhandled error of the module would end the process.
  using graph = new Bun.ModuleGraph({ onError: reject });
  const timer = setTimeout(() => reject(new Error(`not loaded within ${MAX_LOAD_MS / 1000} s`)), MAX_LOAD_MS);
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
  // Of several syntax errors, the first is often the cause of the others.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const [line = ""] = String(first instanceof Error ? first.message : first).split("\n");
  if (!(first instanceof BuildMessage) || !first.position) return line;
  const { file, line: row, column } = first.position;
  return `${line} (${relative("", file)}:${row}:${column})`;
}

/**
 * The packages that an events file may import even where they are not installed, because the program
 * brings its own. Each is evaluated on demand.
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
 * Makes the program serve these packages to all modules that are loaded at run time, even where others are
 * installed. So the modules share the registries of formats and kinds with the program.
 */
function serveOwnModules(): void {
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
