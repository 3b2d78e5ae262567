import { Argument, Command, type Option } from "commander";
import { notesAndExamples } from "./help.ts";
import { print } from "./output.ts";

// The scripts are generated from the commands, so a new flag needs no change here.

const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The words that a place of the command line allows. */
type Value = "file" | "folder" | "unknown" | readonly string[];

interface Flag {
  /** Such as `--port`. */
  readonly long: string;
  /** Such as `-p`. */
  readonly short: string | undefined;
  readonly description: string;
  /** Undefined for a flag without a value. */
  readonly value: Value | undefined;
}

interface Completed {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** Of the argument, where there is one that can be completed. */
  readonly argument: Value;
}

/** The script with which a shell completes these commands of `tidings`. */
function scriptFor(shell: Shell, commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands.map(completedOf));
}

function completedOf(command: Command): Completed {
  const [argument, ...more] = command.registeredArguments;
  const help: Flag = { long: "--help", short: "-h", description: "show the help", value: undefined };
  return {
    name: command.name(),
    description: command.description(),
    flags: [...command.options.map(flagOf), help],
    argument:
      argument && more.length === 0 ? placeholderValue(argument.name(), argument.argChoices) : "unknown",
  };
}

function flagOf({ long = "", short, description, required, flags, argChoices }: Option): Flag {
  const [, placeholder = ""] = /<(.+)>/.exec(flags) ?? [];
  return {
    long,
    short,
    description,
    value: required ? placeholderValue(placeholder, argChoices) : undefined,
  };
}

function placeholderValue(placeholder: string, choices: readonly string[] | undefined): Value {
  if (choices) return choices;
  if (["file", "path", "place"].includes(placeholder)) return "file";
  return placeholder === "dir" ? "folder" : "unknown";
}

function bash(commands: readonly Completed[]): string {
  const reply = (value: Value) => {
    if (value === "file") return "_tidings_reply -f";
    if (value === "folder") return "_tidings_reply -d";
    return value === "unknown" ? ":" : `_tidings_reply -W ${sh(value.join(" "))}`;
  };
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap(({ long, short, value }) =>
      value === undefined
        ? []
        : [long, ...(short ? [short] : [])].map(
            (flag) => `    ${sh(`${name} ${flag}`)}) ${reply(value)}; return ;;`,
          ),
    ),
  );
  const words = commands.map(({ name, flags, argument }) => {
    const all = flags.map(({ long }) => long).join(" ");
    return `    ${name}) case $cur in -*) _tidings_reply -W ${sh(all)} ;; *) ${reply(argument)} ;; esac ;;`;
  });
  return `# Completion of tidings in bash: eval "$(tidings completion bash)"
_tidings_reply() {
  local IFS=$'\\n'
  case $1 in
    -W) COMPREPLY=($(compgen -W "\${2// /$IFS}" -- "$cur")) ;;
    *) COMPREPLY=($(compgen "$1" -- "$cur")); compopt -o filenames 2>/dev/null ;;
  esac
}
_tidings() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [ "$cur" = = ]; then
    cur=
  elif [ "$prev" = = ]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    _tidings_reply -W ${sh([...commands.map(({ name }) => name), "--help", "--version"].join(" "))}
    return
  fi
  case "\${COMP_WORDS[1]} $prev" in
${values.join("\n")}
  esac
  case \${COMP_WORDS[1]} in
${words.join("\n")}
  esac
}
complete -F _tidings tidings
`;
}

function zsh(commands: readonly Completed[]): string {
  const action = (value: Value) => {
    if (value === "file") return "_files";
    if (value === "folder") return "_files -/";
    return value === "unknown" ? " " : `(${value.join(" ")})`;
  };
  const spec = ({ long, short, description, value }: Flag) => {
    const about = `[${description.replaceAll(/[[\]\\]/g, "\\$&")}]`;
    const rest = value === undefined ? about : `${about}:value:${action(value)}`;
    const names = value === undefined ? [long, short] : [`${long}=`, short && `${short}+`];
    return names.filter((name) => name !== undefined).map((name) => sh(`*${name}${rest}`));
  };
  const cases = commands.map(({ name, flags, argument }) => {
    const specs = flags.flatMap(spec);
    // An empty description would keep zsh from inserting the only flag that fits.
    if (argument !== "unknown") specs.push(sh(`*:argument:${action(argument)}`));
    return `    ${name}) _arguments ${specs.join(" \\\n      ")} ;;`;
  });
  const names = commands.map(({ name, description }) => sh(`${name}:${description.replaceAll(":", "\\:")}`));
  return `#compdef tidings
# Completion of tidings in zsh: in a folder of $fpath as _tidings, or source <(tidings completion zsh)
_tidings() {
  local -a commands
  commands=(
    ${names.join("\n    ")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _tidings ]; then _tidings "$@"; else compdef _tidings tidings; fi
`;
}

function fish(commands: readonly Completed[]): string {
  const value = (of: Value) => {
    if (of === "file") return "-r -F";
    if (of === "folder") return "-x -a '(__fish_complete_directories)'";
    return of === "unknown" ? "-x" : `-x -a ${fishQuoted(of.join(" "))}`;
  };
  const flag = (command: string, { long, short, description, value: of }: Flag) =>
    [
      `complete -c tidings -n '__fish_seen_subcommand_from ${command}' -l ${long.slice(2)}`,
      short && `-s ${short.slice(1)}`,
      of && value(of),
      `-d ${fishQuoted(description)}`,
    ]
      .filter(Boolean)
      .join(" ");
  const lines = commands.flatMap(({ name, description, flags, argument }) => [
    `complete -c tidings -n __fish_use_subcommand -a ${name} -d ${fishQuoted(description)}`,
    ...flags.map((one) => flag(name, one)),
    ...(argument === "unknown"
      ? []
      : [
          `complete -c tidings -n '__fish_seen_subcommand_from ${name}' ${value(argument).replace("-r ", "")}`,
        ]),
  ]);
  return `# Completion of tidings in fish: in ~/.config/fish/completions/tidings.fish
complete -c tidings -f
${lines.join("\n")}
`;
}

function sh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}

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
