import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** What is installed, each in one version. */
const PACKAGES = "scripts/check/python-packages.txt";

/** Where it is installed: the machine's own packages stay as they are. */
const folder = resolve(".tools/python");
const python = resolve(folder, "bin/python");
/** A copy of the list, once all of it is there. */
const installed = resolve(folder, "packages.txt");

/** A fresh environment with the packages of the list. Debian has a Python that can't make one, at first. */
async function install(): Promise<boolean> {
  await rm(folder, { recursive: true, force: true });
  const create = async () =>
    Bun.which("python3") !== null && (await succeeds(["python3", "-m", "venv", folder]));
  if (!(await create())) {
    if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return false;
    console.log("no python3 that can make an environment: installing the distribution's");
    const packages = ["apt-get", "install", "-y", "--no-install-recommends", "python3-venv"];
    if (!((await succeeds(["apt-get", "update"])) && (await succeeds(packages)))) return false;
    await rm(folder, { recursive: true, force: true });
    if (!(await create())) return false;
  }
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"];
  return succeeds([python, "-m", "pip", "install", ...quiet, "--requirement", PACKAGES]);
}

/**
 * Sees to it that the tests that follow have their Python packages, and tells them in the environment:
 * the folder of their programs in TIDINGS_TEST_PYTHON, or TIDINGS_SKIP_PYTHON=1. Counts as nothing
 * unless it fails.
 */
export const pythonStep = ({ mayPassOver }: { mayPassOver: boolean }): Step => ({
  name: "python",
  async run(): Promise<Counts> {
    const wanted = await Bun.file(PACKAGES).text();
    const isThere = async () =>
      (await Bun.file(installed).exists()) && (await Bun.file(installed).text()) === wanted;
    if (!(await isThere())) {
      console.log(`installing ${PACKAGES} into ${folder}, about 190 MB`);
      if (await install()) await Bun.write(installed, wanted);
    }
    if (await isThere()) {
      console.log(folder);
      process.env["TIDINGS_TEST_PYTHON"] = resolve(folder, "bin");
      return none;
    }
    console.log("No python3, or no packages to be had with pip: THE TESTS WITH PYTHON ARE SKIPPED.");
    process.env["TIDINGS_SKIP_PYTHON"] = "1";
    return mayPassOver ? none : oneFailed;
  },
});
