import { Argument, Command } from "commander";
import { SHELLS, type Shell, scriptFor } from "./completion-scripts.ts";
import { notesAndExamples } from "./help.ts";
import { print } from "./output.ts";

export const completion = new Command("completion")
  .description("Print a script that completes commands, flags and values in a shell.")
  .addArgument(new Argument("<shell>", "shell that is to run the script").choices(SHELLS))
  .addHelpText("after", ({ command }) =>
    notesAndExamples(command, "", [
      'eval "$(tidings completion bash)"',
      "tidings completion zsh > ~/.zfunc/_tidings",
      "tidings completion fish > ~/.config/fish/completions/tidings.fish",
    ]),
  )
  .action(async (shell: Shell, _, command: Command) => {
    await print(scriptFor(shell, command.parent?.commands ?? []));
  });
