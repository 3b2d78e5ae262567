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
