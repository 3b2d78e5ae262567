import { expect, test } from "bun:test";
import { run } from "./tidings.ts";

test("a word that is no command is named, with the one that was meant, also beside --help", async () => {
  const cases: [args: string[], says: string][] = [
    [["nonsense"], "unknown command 'nonsense'"],
    [["nonsense", "--help"], "unknown command 'nonsense'"],
    [["lisen", "--topic", "a", "-h"], "unknown command 'lisen' (Did you mean listen?)"],
    [["--help", "lisen"], "unknown command 'lisen' (Did you mean listen?)"],
    [["help", "lisen"], "unknown command 'lisen' (Did you mean listen?)"],
    [["lisen", "--version"], "unknown command 'lisen' (Did you mean listen?)"],
  ];
  for (const [args, says] of cases) {
    expect({ args, ...(await run(args)) }).toEqual({
      args,
      code: 2,
      output: "",
      errors: `tidings: ${says}\n`,
    });
  }
});

test("the help of the program and of its commands is printed with code 0", async () => {
  const cases: [args: string[], usage: string][] = [
    [["--help"], "tidings [options] [command]"],
    [["help"], "tidings [options] [command]"],
    [["listen", "--help"], "tidings listen [options]"],
    [["help", "listen"], "tidings listen [options]"],
  ];
  for (const [args, usage] of cases) {
    const { code, output } = await run(args);
    expect({ args, code, usage: output.split("\n", 1)[0] }).toEqual({
      args,
      code: 0,
      usage: `Usage: ${usage}`,
    });
  }
});
