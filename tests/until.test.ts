import { expect, test } from "bun:test";
import { join } from "node:path";
import { emptyFolder } from "./folder.ts";

test("a test that times out while it waits says which condition did not come true, and where", async () => {
  const file = join(emptyFolder(), "late.test.ts");
  await Bun.write(
    file,
    `import { test } from "bun:test";
    import { until } from ${JSON.stringify(join(import.meta.dir, "until.ts"))};
    const hub = { clients: 0 };
    test("late", async () => {
      await until(async () => hub.clients === 1);
    }, 1);
    test("in time", async () => {
      await until(() => hub.clients === 0);
    });`,
  );
  const child = Bun.spawn([process.execPath, "test", file], { stdio: ["ignore", "ignore", "pipe"] });
  const errors = await new Response(child.stderr).text();
  expect(errors).toContain("still waiting until hub.clients === 1 (late.test.ts:5)");
  expect(errors).toContain(" 1 pass\n 1 fail\n");
});
