#!/usr/bin/env node
// The program `tidings` of the package on npm: runs the executable of this platform, which npm has installed
// as one of the optional dependencies.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const scope = "@tidings";

/** The packages that may hold it, the likelier first. */
function candidates() {
  const name = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  if (process.platform !== "linux") return [name];
  const isMusl = process.report?.getReport().header.glibcVersionRuntime === undefined;
  return isMusl ? [`${name}-musl`, name] : [name, `${name}-musl`];
}

function executable() {
  const file = process.platform === "win32" ? "tidings.exe" : "tidings";
  for (const name of candidates()) {
    try {
      return require.resolve(`${scope}/${name}/${file}`);
    } catch {
      // It is not installed.
    }
  }
  return undefined;
}

const path = executable();
if (path === undefined) {
  console.error(
    `tidings: ${scope}/${candidates()[0]} is not installed: install without --omit=optional, on a platform that has an executable`,
  );
  process.exit(1);
}

const child = spawn(path, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // A terminal sends SIGINT to both.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`tidings: can't run ${path}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
