/**
 * What has been published, by whoever owns the project: nothing yet. The README names a way to install only
 * when its entry here is true. After a change, `bun scripts/install-lines.ts` writes the README's lines anew.
 * .github/CONTRIBUTING.md lists what is to be done before.
 */
export const published = {
  /** The package on npm: `npx tidings`, `bunx tidings`. */
  npm: false,
  /** The executables, their archives and checksums at a release on GitHub, and the script that installs them. */
  release: false,
  /** The image in GitHub's registry. */
  image: false,
  /** The formula in the owner's tap of Homebrew. */
  homebrew: false,
};

/** A way to install. */
export type Way = keyof typeof published;
