import { writePart } from "./generated-part.ts";
import { published, type Way } from "./package/published.ts";

// The README's ways to install: those that scripts/package/published.ts says are there. After a change of
// that file, this writes them anew:
//
//   bun scripts/install-lines.ts

/** Before anything is published, and for whoever wants to change it: needs npm or Bun. */
const CHECKOUT = `From a checkout, which needs npm or Bun. The first start builds the executable, \`dist/tidings\`. It is all that you need, and you can copy it anywhere.

\`\`\`sh
scripts/start
\`\`\`

In every other terminal, put it on the PATH:

\`\`\`sh
export PATH="$PWD/dist:$PATH"
\`\`\``;

/** The lines of each way, for the repository \`OWNER/NAME\`. */
const ways: Readonly<Record<Way, (repository: string) => string>> = {
  npm: () => `With npm or Bun, without an installation:

\`\`\`text
npx tidings serve
bunx tidings serve
\`\`\``,
  release: (
    repository,
  ) => `By a script, which verifies the checksum, or by hand from the [archives](https://github.com/${repository}/releases/latest):

\`\`\`text
curl -fsSL https://github.com/${repository}/releases/latest/download/install.sh | sh
\`\`\``,
  image: (repository) => `As an image:

\`\`\`text
docker run -p 3000:3000 ghcr.io/${repository.toLowerCase()} serve --host 0.0.0.0 --open
\`\`\``,
  homebrew: (repository) => `With Homebrew:

\`\`\`text
brew install ${repository.split("/")[0]?.toLowerCase()}/tap/tidings
\`\`\``,
};

/**
 * The lines.
 *
 * @throws Error when something is published and `repository` of package.json does not say where
 */
export function installLines(is: Readonly<Record<Way, boolean>>, repository: string | undefined): string {
  const wanted = (Object.keys(ways) as Way[]).filter((way) => is[way]);
  if (wanted.length > 0 && repository === undefined) {
    throw new Error("package.json has no repository, so nobody can be told where the releases are");
  }
  return [...wanted.map((way) => ways[way](repository ?? "")), CHECKOUT].join("\n\n");
}

/** `OWNER/NAME` of the repository that package.json names. */
export async function repositoryName(): Promise<string | undefined> {
  const { repository } = await Bun.file(new URL("../package.json", import.meta.url)).json();
  const url: unknown = typeof repository === "string" ? repository : repository?.url;
  return typeof url === "string"
    ? /github(?:\.com)?[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(url)?.[1]
    : undefined;
}

if (import.meta.main)
  await writePart("README.md", "install", installLines(published, await repositoryName()));
