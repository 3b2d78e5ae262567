import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** A program that tests look for on the PATH. */
interface InstalledProgram {
  readonly name: string;
  /** Debian's package of it. */
  readonly package: string;
}

/** The shells whose completion is tried. Bash is on every Debian machine. */
export const shells: readonly InstalledProgram[] = [
  { name: "zsh", package: "zsh" },
  { name: "fish", package: "fish" },
];

/** What cuts the line between two network namespaces. */
export const packetFilter: readonly InstalledProgram[] = [{ name: "nft", package: "nftables" }];

/** What packs and unpacks release archives. */
export const archivers: readonly InstalledProgram[] = [{ name: "xz", package: "xz-utils" }];

/** What runs the examples of the manual in other languages. */
export const languages: readonly InstalledProgram[] = [
  { name: "go", package: "golang-go" },
  { name: "php", package: "php-cli" },
];

/** Installs packages where that is possible without asking: as root, with apt. Whether it did. */
export async function install(packages: readonly string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return false;
  console.log(`not found: installing the distribution's ${packages.join(" and ")}`);
  return (
    (await succeeds(["apt-get", "update"])) &&
    (await succeeds(["apt-get", "install", "-y", "--no-install-recommends", ...packages]))
  );
}

/** Sees to it that the tests that follow find the programs. Counts as nothing unless it fails. */
export const installedStep = (
  name: string,
  programs: readonly InstalledProgram[],
  { mayPassOver }: { mayPassOver: boolean },
): Step => ({
  name,
  async run(): Promise<Counts> {
    const missing = () => programs.filter((program) => !Bun.which(program.name));
    if (missing().length > 0) await install(missing().map((program) => program.package));
    for (const program of programs) {
      const path = Bun.which(program.name);
      console.log(path ?? `No ${program.name}, and no right to install one: THE TESTS WITH IT ARE SKIPPED.`);
    }
    return missing().length === 0 || mayPassOver ? none : oneFailed;
  },
});
