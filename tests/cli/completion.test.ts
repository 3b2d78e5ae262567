import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { binary, runBinary } from "../e2e/binary.ts";
import { emptyFolder } from "../folder.ts";
import { startOnTerminal } from "./terminal.ts";

// A person types into a real shell, and presses the tabulator key.

const PROMPT = "ready> ";

const shells: Readonly<Record<string, { command: string[]; load: string }>> = {
  bash: {
    command: ["bash", "--norc", "--noprofile", "-i"],
    load: `bind 'set enable-bracketed-paste off'; PS1='${PROMPT}'; eval "$(tidings completion bash)"`,
  },
  zsh: {
    command: ["zsh", "-f", "-i"],
    load: `PROMPT='${PROMPT}'; autoload -U compinit; compinit -D; source <(tidings completion zsh)`,
  },
  fish: {
    command: ["fish", "--no-config", "-i"],
    load: `function fish_prompt; echo -n '${PROMPT}'; end; tidings completion fish | source`,
  },
};

for (const [shell, { command, load }] of Object.entries(shells)) {
  test.skipIf(Bun.which(shell) === null)(`${shell} completes commands, flags and values`, async () => {
    const folder = emptyFolder();
    await Bun.write(`${folder}/shop.ts`, "");
    const PATH = `${dirname(binary)}:${process.env["PATH"]}`;
    const { type, shows } = startOnTerminal(command, { cwd: folder, env: { PATH, HOME: folder } });
    type(`${load}; echo loa''ded\r`);
    await shows("loaded");
    await shows(PROMPT);
    for (const [typed, completed] of [
      ["tidings ser", "tidings serve"],
      ["tidings serve --keep", "tidings serve --keep-alive"],
      ["tidings serve --sync f", "tidings serve --sync full"],
      ["tidings serve --events sh", "tidings serve --events shop.ts"],
      ["tidings completion b", "tidings completion bash"],
    ] as const) {
      type(`${typed}\t`);
      // The shell shows the typed part as it comes, and then the rest.
      await shows(completed);
      // Clears the line. An interrupt would also throw away what is typed next.
      type("\x15");
    }
  });
}

test("another shell is one line and exit code 2", async () => {
  const { code, output, errors } = await runBinary(emptyFolder(), "completion", "tcsh");
  expect([code, output]).toEqual([2, ""]);
  expect(errors).toMatch(/^tidings: [^\n]*bash, zsh, fish[^\n]*\n$/);
});
