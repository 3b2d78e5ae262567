import type { Command, Option } from "commander";

/** The widest line of a help, in characters: that of a terminal as it comes. */
const HELP_WIDTH = 80;

/** Has the program, and the commands that inherit from it, speak as this one does. */
export function withPlainWords(program: Command): Command {
  return program.configureHelp({ optionDescription }).configureOutput({
    getOutHelpWidth: () => Math.min(process.stdout.columns || HELP_WIDTH, HELP_WIDTH),
    getErrHelpWidth: () => Math.min(process.stderr.columns || HELP_WIDTH, HELP_WIDTH),
    outputError: (text, write) => write(oneLine(text)),
  });
}

/** The end of a command's help: how its flags are set by variables, notes, and examples. */
export function notesAndExamples(command: Command, notes: string, examples: readonly string[]): string {
  const [option] = command.options
    .filter(({ envVar }) => envVar !== undefined)
    .toSorted((a, b) => a.flags.length - b.flags.length);
  const variables =
    option && `Every flag has an environment variable: ${option.long} is ${option.envVar}. A flag wins.`;
  const paragraphs = [[notes, variables].filter(Boolean).join("\n"), examplesOf(examples)];
  return `\n${paragraphs.filter((paragraph) => paragraph !== "").join("\n\n")}`;
}

function examplesOf(examples: readonly string[]): string {
  return `Examples:\n${examples.map((example) => `  $ ${example}`).join("\n")}`;
}

/** The variable of each flag is left out: the help says once how they are named. */
function optionDescription({
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
}: Option): string {
  const shown = defaultValueDescription ?? (typeof defaultValue === "boolean" ? undefined : defaultValue);
  const more = [argChoices?.join(", "), shown === undefined ? undefined : `default: ${String(shown)}`];
  const known = more.filter((part) => part !== undefined);
  return known.length === 0 ? description : `${description} (${known.join("; ")})`;
}

/** Commander's complaint and its suggestion, in one line. */
function oneLine(text: string): string {
  const words = text.trim().replace(/^error: /, "tidings: ");
  return `${words.replaceAll("\n", " ")}\n`;
}
