import { afterEach } from "bun:test";

// Loaded before any file of tests (bunfig.toml): the hooks of a module that several files share hold for
// the first of them alone, unless it is loaded from there.

const deferred: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of deferred.splice(0).reverse()) await cleanUp();
  // A folder may hold thousands of installed files.
}, 60_000);

/** Does it after the test, however that ends, and before what was deferred earlier. */
export function defer(cleanUp: () => unknown): void {
  deferred.push(cleanUp);
}

/** Kills the program after the test, if it still runs then. */
export function killAfterwards(child: Bun.Subprocess): void {
  defer(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
}
