import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archive } from "../../scripts/package/archive.ts";
import { writeChecksums } from "../../scripts/package/checksums.ts";
import { emptyFolder, newFile } from "../folder.ts";
import { ended } from "../program.ts";

async function run(folder: string, ...command: string[]) {
  return ended(Bun.spawn(command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }));
}

test("an archive holds a program that runs, and its checksum holds until a byte changes", async () => {
  const packed = await archive(await newFile("tidings-linux-x64", "#!/bin/sh\necho it runs\n"));
  const folder = dirname(packed);
  expect(packed).toBe(join(folder, "tidings-linux-x64.tar.xz"));
  await writeChecksums([packed]);
  expect((await run(folder, "sha256sum", "-c", "SHA256SUMS")).code).toBe(0);

  const target = emptyFolder();
  expect((await run(target, "tar", "-xf", packed)).code).toBe(0);
  expect((await readdir(target)).sort()).toEqual(["LICENSE", "tidings"]);
  expect(await run(target, "./tidings")).toMatchObject({ code: 0, output: "it runs\n" });

  const bytes = await Bun.file(packed).bytes();
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await Bun.write(packed, bytes);
  expect((await run(folder, "sha256sum", "-c", "SHA256SUMS")).code).not.toBe(0);
});

test("an archive for Windows keeps the ending that its program needs", async () => {
  const packed = await archive(await newFile("tidings-windows-x64.exe", "MZ"));
  expect(packed).toEndWith("tidings-windows-x64.tar.xz");
  const { output } = await run(dirname(packed), "tar", "-tf", packed);
  expect(output.split("\n").filter(Boolean)).toEqual(["tidings.exe", "LICENSE"]);
});

test("an executable that isn't there is an error, and leaves no archive", async () => {
  const folder = emptyFolder();
  const packed = archive(join(folder, "tidings-linux-x64"));
  await expect(packed).rejects.toThrow("ENOENT");
  expect(await readdir(folder)).toEqual([]);
});
