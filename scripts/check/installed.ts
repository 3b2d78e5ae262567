import { existsSync } from "node:fs";
import { type Counts, none, oneFailed, type Step, succeeds } from "./step.ts";

/** A program that tests look for on the PATH, or a library of one. */
interface Installed {
  /** The program's name, or the path of a file of the library. */
  readonly name: string;
  /** Debian's package of it. */
  readonly package: string;
}

/** The shells whose completion is tried. Bash is on every Debian machine. */
export const shells: readonly Installed[] = [
  { name: "zsh", package: "zsh" },
  { name: "fish", package: "fish" },
];

/** What cuts the line between two network namespaces. */
export const packetFilter: readonly Installed[] = [{ name: "nft", package: "nftables" }];

/** What judges the unit of the hub as a service. */
export const systemd: readonly Installed[] = [{ name: "systemd-analyze", package: "systemd" }];

/** What packs and unpacks release archives. */
export const archivers: readonly Installed[] = [{ name: "xz", package: "xz-utils" }];

/** What runs the examples of the manual in other languages. */
export const languages: readonly Installed[] = [
  { name: "go", package: "golang-go" },
  { name: "php", package: "php-cli" },
];

/** Symfony's client of Mercure. */
export const symfony: readonly Installed[] = [
  { name: "php", package: "php-cli" },
  { name: "/usr/share/php/Symfony/Component/Mercure/autoload.php", package: "php-symfony-mercure" },
];

/** What reads the formula for Homebrew. */
export const ruby: readonly Installed[] = [{ name: "ruby", package: "ruby" }];

/** Installs packages where that is possible without asking: as root, with apt. Whether it did. */
export async function install(packages: readonly string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || !Bun.which("apt-get")) return false;
  console.log(`not found: installing the distribution's ${packages.join(" and ")}`);
  return (
    (await succeeds(["apt-get", "update"])) &&
    (await succeeds(["apt-get", "install", "-y", "--no-install-recommends", ...packages]))
  );
}

function find(name: string): string | null {
  return name.startsWith("/") ? (existsSync(name) ? name : null) : Bun.which(name);
}

/** Sees to it that the tests that follow find the programs. Counts as nothing unless it fails. */
export const installedStep = (
  name: string,
  programs: readonly Installed[],
  { mayPassOver }: { mayPassOver: boolean },
): Step => ({
  name,
  async run(): Promise<Counts> {
    const missing = () => programs.filter(({ name }) => !find(name));
    if (missing().length > 0) await install(missing().map((program) => program.package));
    for (const program of programs) {
      const path = find(program.name);
      console.log(path ?? `No ${program.name}, and no right to install one: THE TESTS WITH IT ARE SKIPPED.`);
    }
    return missing().length === 0 || mayPassOver ? none : oneFailed;
  },
});
