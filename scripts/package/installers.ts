import { version } from "../../package.json";
import { repositoryName } from "../install-lines.ts";
import { formula } from "./formula.ts";

const script = new URL("install.sh", import.meta.url);

/** The script that installs from the releases of a repository, `OWNER/NAME`. */
export async function installScript(repository: string): Promise<string> {
  return (await Bun.file(script).text()).replaceAll("OWNER/NAME", repository);
}

/**
 * Writes install.sh and the formula for Homebrew beside the checksums.
 *
 * @param checksums the path of SHA256SUMS, which has all platforms
 * @returns their paths; none when package.json names no repository, from which they would install
 */
export async function writeInstallers(checksums: string): Promise<string[]> {
  const repository = process.env["GITHUB_REPOSITORY"] ?? (await repositoryName());
  if (repository === undefined) return [];
  const beside = (name: string) => checksums.replace(/[^/]+$/, name);
  const texts = [
    [beside("install.sh"), await installScript(repository)],
    [beside("tidings.rb"), formula(version, repository, await Bun.file(checksums).text())],
  ] as const;
  for (const [path, text] of texts) await Bun.write(path, text);
  return texts.map(([path]) => path);
}
