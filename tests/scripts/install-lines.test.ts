import { expect, test } from "bun:test";
import { normal, partIn } from "../../scripts/generated-part.ts";
import { installLines, repositoryName } from "../../scripts/install-lines.ts";
import { published } from "../../scripts/package/published.ts";

const none = { npm: false, release: false, image: false, homebrew: false };
const all = { npm: true, release: true, image: true, homebrew: true };

test("the README names the ways to install that are there, and no other", async () => {
  // `bun scripts/install-lines.ts` puts it right.
  const readme = await Bun.file(new URL("../../README.md", import.meta.url)).text();
  expect(partIn(readme, "install")).toBe(normal(installLines(published, await repositoryName())));
});

test("where nothing is published, no address or registry is named", () => {
  expect(installLines(none, undefined)).not.toMatch(/https?:|npx|docker|brew/);
});

test("where all is published, each way is named, by the repository of package.json", () => {
  const lines = installLines(all, "somebody/tidings");
  for (const part of [
    "npx tidings",
    "somebody/tidings/releases",
    "ghcr.io/somebody/tidings",
    "somebody/tap/tidings",
  ])
    expect(lines).toContain(part);
  expect(() => installLines(all, undefined)).toThrow("package.json has no repository");
});
