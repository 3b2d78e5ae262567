import { expect, test } from "bun:test";
import { chmod, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archive } from "../../scripts/package/archive.ts";
import { writeChecksums } from "../../scripts/package/checksums.ts";
import { formula } from "../../scripts/package/formula.ts";
import { installScript } from "../../scripts/package/installers.ts";
import { defer } from "../defer.ts";
import { emptyFolder, newFile } from "../folder.ts";
import { ended } from "../program.ts";

const PROGRAM = "#!/bin/sh\necho 1.2.3\n";

/** A release that holds the archive of this platform. */
async function release(program = PROGRAM) {
  const packed = await archive(await newFile(`tidings-linux-${process.arch}`, program));
  const folder = dirname(packed);
  await writeChecksums([packed]);
  const server = Bun.serve({
    port: 0,
    async fetch({ url }) {
      const file = Bun.file(join(folder, new URL(url).pathname));
      return (await file.exists()) ? new Response(file) : new Response("not found", { status: 404 });
    },
  });
  defer(() => server.stop(true));
  return { url: server.url.origin, packed, sums: join(folder, "SHA256SUMS") };
}

/** Runs the script as `curl … | sh` does. */
async function install(releaseUrl: string, env: Record<string, string> = {}) {
  const home = emptyFolder();
  const child = Bun.spawn(["sh"], {
    stdin: new Blob([await installScript("somebody/tidings")]),
    stdout: "pipe",
    stderr: "pipe",
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      TMPDIR: emptyFolder(),
      TIDINGS_RELEASE: releaseUrl,
      ...env,
    },
  });
  return { ...(await ended(child)), home };
}

test("the script installs the executable, says where it is, and replaces an older one", async () => {
  const { url } = await release();
  const { code, output, errors, home } = await install(url);
  const folder = join(home, ".local/bin");
  expect({ code, errors, output }).toEqual({
    code: 0,
    errors: "",
    output: `tidings 1.2.3 is in ${folder}\nput it on your PATH: export PATH="${folder}:$PATH"\n`,
  });
  const run = Bun.spawn([join(folder, "tidings")], { stdout: "pipe" });
  expect(await new Response(run.stdout).text()).toBe("1.2.3\n");

  const other = join(emptyFolder(), "a folder");
  await mkdir(other);
  await Bun.write(join(other, "tidings"), "older");
  const again = await install(url, {
    TIDINGS_INSTALL: other,
    PATH: `${other}:${process.env["PATH"]}`,
  });
  expect(again).toMatchObject({ code: 0, output: `tidings 1.2.3 is in ${other}\n` });
  expect(await Bun.file(join(other, "tidings")).text()).toBe(PROGRAM);
  expect(await readdir(other)).toEqual(["tidings"]);
});

test("nothing is installed when the archive is not the one that was released", async () => {
  const { url, packed, sums } = await release();
  const bytes = await Bun.file(packed).bytes();
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await Bun.write(packed, bytes);
  const changed = await install(url);
  expect(changed.code).toBe(1);
  expect(changed.errors).toContain("the checksum of tidings-linux-");
  expect(await readdir(changed.home)).toEqual([]);

  await Bun.write(sums, "0000  something-else.tar.xz\n");
  const unnamed = await install(url);
  expect([unnamed.code, unnamed.errors]).toEqual([
    1,
    expect.stringContaining(`${url} has no tidings-linux-`),
  ]);
  expect(await readdir(unnamed.home)).toEqual([]);
});

test("it says plainly what is missing, or does not work", async () => {
  const nowhere = await install("http://127.0.0.1:9");
  expect([nowhere.code, nowhere.errors]).toEqual([
    1,
    expect.stringContaining("can't fetch http://127.0.0.1:9/SHA"),
  ]);
  const { url } = await release("#!/bin/sh\nexit 3\n");
  const broken = await install(url);
  expect([broken.code, broken.errors]).toEqual([1, expect.stringContaining("does not run on this machine")]);
  expect(await readdir(broken.home)).toEqual([]);
  // Another system, by a uname of its own.
  const tools = emptyFolder();
  await Bun.write(join(tools, "uname"), '#!/bin/sh\n[ "$1" = -s ] && echo Plan9 || echo x86_64\n');
  await chmod(join(tools, "uname"), 0o755);
  const plan9 = await install(url, { PATH: `${tools}:${process.env["PATH"]}` });
  expect([plan9.code, plan9.errors]).toEqual([1, expect.stringContaining("no executable for Plan9")]);
});

test("a download that breaks off runs nothing", async () => {
  const script = await installScript("somebody/tidings");
  expect(script).not.toContain("OWNER");
  // As far as the last line, which calls what stands before.
  for (const part of [0.2, 0.5, 0.9, 0.99]) {
    const child = Bun.spawn(["sh"], {
      stdin: new Blob([script.slice(0, Math.floor(script.length * part))]),
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: process.env["PATH"] ?? "", HOME: emptyFolder(), TIDINGS_RELEASE: "http://127.0.0.1:9" },
    });
    const { errors, output } = await ended(child);
    expect([part, output, errors.includes("fetch")]).toEqual([part, "", false]);
  }
});

const platforms = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"];
const sums = platforms.map((platform, i) => `${String(i).repeat(64)}  tidings-${platform}.tar.xz\n`).join("");

test("the formula has the archive and the checksum of each platform", () => {
  const text = formula("1.2.3", "somebody/tidings", sums);
  for (const [i, platform] of platforms.entries()) {
    const url = `https://github.com/somebody/tidings/releases/download/v1.2.3/tidings-${platform}.tar.xz`;
    expect(text).toContain(`url "${url}"\n      sha256 "${String(i).repeat(64)}"`);
  }
  expect(() => formula("1.2.3", "somebody/tidings", sums.replace("linux-x64", "linux-x65"))).toThrow(
    "SHA256SUMS has no tidings-linux-x64.tar.xz",
  );
});

/** As much of Homebrew as the formula uses: says what an installation would fetch, and runs it. */
const BREW = `
class Bin
  def install(name) = puts(name)
  def /(name) = name
end
class Formula
  def self.desc(_) = nil
  def self.homepage(_) = nil
  def self.license(_) = nil
  def self.version(v) = puts(v)
  def self.url(u) = puts(u)
  def self.sha256(s) = puts(s)
  def self.on_macos = (yield if ARGV[0] == "macos")
  def self.on_linux = (yield if ARGV[0] == "linux")
  def self.on_arm = (yield if ARGV[1] == "arm")
  def self.on_intel = (yield if ARGV[1] == "intel")
  def self.test = nil
  def bin = Bin.new
  def generate_completions_from_executable(*words) = puts(words.join(" "))
end
`;

test.skipIf(!Bun.which("ruby"))(
  "Ruby reads the formula, and finds one archive for each platform",
  async () => {
    const text = formula("1.2.3", "somebody/tidings", sums);
    const file = await newFile("tidings.rb", `${BREW}${text}Tidings.new.install\n`);
    for (const [i, [system = "", processor = ""]] of [
      ["macos", "arm"],
      ["macos", "intel"],
      ["linux", "arm"],
      ["linux", "intel"],
    ].entries()) {
      const child = Bun.spawn(["ruby", "-w", file, system, processor], { stdio: ["ignore", "pipe", "pipe"] });
      const { output, errors, code } = await ended(child);
      expect({ code, errors }).toEqual({ code: 0, errors: "" });
      const [version, url, sum] = output.split("\n");
      expect([version, url?.split("/").at(-1), sum]).toEqual([
        "1.2.3",
        `tidings-${platforms[i]}.tar.xz`,
        String(i).repeat(64),
      ]);
      expect(output).toEndWith("\ntidings\ntidings completion\n");
    }
  },
);
