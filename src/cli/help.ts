import type { Command, Option } from "commander";

/** The widest line of a help, in characters: the default width of terminals. */
const HELP_WIDTH = 80;

/** Sets the form of help and errors, for the program and its commands. */
export function withPlainWords(program: Command): Command {
  return program.configureHelp({ optionDescription }).configureOutput({
    getOutHelpWidth: () => Math.min(process.stdout.columns || HELP_WIDTH, HELP_WIDTH),
    getErrHelpWidth: () => Math.min(process.stderr.columns || HELP_WIDTH, HELP_WIDTH),
    outputError: (text, write) => write(oneLine(text)),
  });
}

/** The flags whose variables stand for all, where a command has them. */
const EXAMPLES = ["--port", "--token", "--jwt-key-file"];

/** The end of a command's help: how its flags are set by variables, notes, and examples. */
export function notesAndExamples(command: Command, notes: string, examples: readonly string[]): string {
  const options = command.options.filter(({ envVar }) => envVar !== undefined);
  // One that is set by a variable more often than others, or else the first.
  const option = options.find(({ long }) => EXAMPLES.includes(long ?? "")) ?? options[0];
  const variables =
    option && `Every flag has an environment variable: ${option.long} is ${option.envVar}.\nA flag wins.`;
  const paragraphs = [[notes, variables].filter(Boolean).join("\n"), examplesOf(examples)];
  return `\n${paragraphs.filter((paragraph) => paragraph !== "").join("\n\n")}`;
}

function examplesOf(examples: readonly string[]): string {
  return `Examples:\n${examples.map((example) => `  $ ${example}`).join("\n")}`;
}

/** Describes a flag without its variable: the help explains the names of variables once. */
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

/** Puts an error of commander, and its suggestion, into one line. */
function oneLine(text: string): string {
  const words = withoutPassword(text)
    .trim()
    .replace(/^error: /, "tidings: ");
  return `${words.replaceAll("\n", " ")}\n`;
}

/** Commander repeats a value that it refuses. If that is an address with a password, it must not be shown. */
function withoutPassword(text: string): string {
  return text.replace(/((?:argument|value) ')[^']*:\/\/.*@(?=.*' (?:is invalid|from env))/s, "$1…@");
}
