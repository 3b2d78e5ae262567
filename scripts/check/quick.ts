import { $ } from "bun";
import { staticChecks } from "./static.ts";

await Promise.all(
  staticChecks.map(async ({ name, command }) => {
    const { exitCode, stdout, stderr } = await $`${command}`.quiet().nothrow();
    if (exitCode === 0) return;
    console.error(`==> ${name}\n${stdout}${stderr}`);
    process.exitCode = 1;
  }),
);
