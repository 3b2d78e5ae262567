/** Where each platform of Homebrew has its archive. */
const platforms = [
  ["macos", "arm", "darwin-arm64"],
  ["macos", "intel", "darwin-x64"],
  ["linux", "arm", "linux-arm64"],
  ["linux", "intel", "linux-x64"],
] as const;

/**
 * The formula for Homebrew, which the owner puts into the tap.
 *
 * @param repository `OWNER/NAME` on GitHub, which has the release
 * @param checksums the text of SHA256SUMS
 * @throws Error when the archive of a platform is not among them
 */
export function formula(version: string, repository: string, checksums: string): string {
  const sums = new Map(
    checksums.split("\n").map((line): [string, string] => {
      const [sum = "", file = ""] = line.split(/ +\*?/);
      return [file, sum];
    }),
  );
  const archiveOf = (platform: string) => {
    const file = `tidings-${platform}.tar.xz`;
    const sum = sums.get(file);
    if (sum === undefined) throw new Error(`SHA256SUMS has no ${file}`);
    const url = `https://github.com/${repository}/releases/download/v${version}/${file}`;
    return `      url "${url}"\n      sha256 "${sum}"`;
  };
  const blocks = ["macos", "linux"].map((system) => {
    const inner = platforms
      .filter(([of]) => of === system)
      .map(([, processor, platform]) => `    on_${processor} do\n${archiveOf(platform)}\n    end`);
    return `  on_${system} do\n${inner.join("\n")}\n  end`;
  });
  return `class Tidings < Formula
  desc "Push hub: publish typed events over HTTP, receive them over Server-Sent Events"
  homepage "https://github.com/${repository}"
  version "${version}"
  license "MIT"

${blocks.join("\n\n")}

  def install
    bin.install "tidings"
    generate_completions_from_executable(bin/"tidings", "completion")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/tidings --version")
  end
end
`;
}
