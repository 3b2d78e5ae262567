import { mkdir, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** The newest commit of the version before. A release moves it on (CONTRIBUTING.md). */
const COMMIT = "160732bf0cfcd0d794284e6f681ae4ab9c89717a";

const folder = resolve(".tools/previous", COMMIT);
const main = resolve(folder, "src/main.ts");

/** Whether the commit is here. A clone may be a shallow one: then whoever it was cloned from is asked. */
async function isHere(): Promise<boolean> {
  const look = ["git", "cat-file", "-e", `${COMMIT}^{commit}`];
  return (
    (await succeeds(look)) ||
    ((await succeeds(["git", "fetch", "--depth=1", "origin", COMMIT])) && succeeds(look))
  );
}

async function unpack(): Promise<void> {
  const aside = `${folder}.unpacking`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  const archive = `${aside}.tar`;
  // Its packages are those of this version, which are found above its folder.
  const parts = ["src", "package.json", "tsconfig.json"];
  await succeeds(["git", "archive", `--output=${archive}`, COMMIT, ...parts]);
  if (await succeeds(["tar", "-xf", archive, "-C", aside])) await rename(aside, folder);
  await rm(archive, { force: true });
}

/**
 * Sees to it that the tests that follow have the sources of the version before, and tells them in
 * TIDINGS_TEST_PREVIOUS where their main.ts is. Without them no test is passed over: there are fewer.
 * Counts as nothing unless it fails.
 */
export const previousStep = ({ mayPassOver }: { mayPassOver: boolean }): Step => ({
  name: "the version before",
  async run(): Promise<Counts> {
    if (!(await Bun.file(main).exists()) && (await isHere())) await unpack();
    if (await Bun.file(main).exists()) {
      console.log(main);
      process.env["TIDINGS_TEST_PREVIOUS"] = main;
      return none;
    }
    console.log(`No commit ${COMMIT} in this clone: UPGRADES FROM THE VERSION BEFORE ARE NOT TESTED.`);
    return mayPassOver ? none : oneFailed;
  },
});
